import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError } from "@rempart/kernel";
import fc from "fast-check";
import { harness, signIn, signUp } from "./harness.ts";

const anyText = () =>
  fc.oneof(
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.string({ maxLength: 40 }),
    fc.emailAddress(),
    fc.constantFrom(
      "",
      "\0",
      "\ud800",
      "\u202e",
      "'; DROP TABLE users; --",
      "a".repeat(200_000),
      "ﷺ".repeat(300),
    ),
  );

/** Fulfilled, or refused with a code of ours: never an error of the database or of the language. */
async function coded(act: Promise<unknown>): Promise<void> {
  try {
    await act;
  } catch (error) {
    assert.ok(error instanceof CodedError && error.name === "IdentityError", String(error));
  }
}

test("generated garbage in every field gets a coded refusal, never another error", async () => {
  await using world = await harness({
    config: { attempts: { address: { free: 1e6, firstDelayMs: 1, maxDelayMs: 1 } } },
  });
  const { identity } = world;
  const client = fc.record({ address: anyText(), userAgent: anyText() });
  const person = fc.record({ email: anyText(), password: anyText(), name: anyText() });
  await fc.assert(
    fc.asyncProperty(person, client, anyText(), async (input, from, text) => {
      await coded(signUp(identity, input, from));
      await coded(signIn(identity, input, from));
      assert.equal(await identity.authenticate(text), null);
      assert.equal(await identity.redeemTicket(text), null);
      assert.equal(await identity.revokeSession("00000000-0000-7000-8000-000000000000", text), false);
      await identity.signOut(text);
    }),
    { numRuns: 80 },
  );
});

test("a well-formed sign-up from a client with any headers succeeds", async () => {
  await using world = await harness();
  let made = 0;
  const client = fc.record({ address: anyText(), userAgent: anyText() });
  await fc.assert(
    fc.asyncProperty(client, async (from) => {
      made += 1;
      const input = { email: `p${made}@example.org`, password: "a tangerine umbrella", name: "P" };
      const { token, session } = await signUp(world.identity, input, from);
      assert.deepEqual((await world.identity.authenticate(token))?.session, session);
    }),
    { numRuns: 40 },
  );
});
