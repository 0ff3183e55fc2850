import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { SITE } from "./authenticator.ts";
import { HOME, harness, mailHarness, OPERATOR, PASSWORD, signIn, signUp, someone } from "./harness.ts";
import { enrolTotp } from "./totp-app.ts";

const anyText = () =>
  fc.oneof(
    fc.string({ unit: codePoint, maxLength: 400 }),
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

test("generated garbage in every link, code and passkey gets a coded refusal, never another error", async () => {
  await using world = await mailHarness({
    passkeys: SITE,
    config: { attempts: { factor: { free: 1e6, firstDelayMs: 1, maxDelayMs: 1 } } },
  });
  const { identity } = world;
  const { credentials, factors } = identity;
  const who = await signUp(identity, someone("ann"), HOME);
  await enrolTotp(identity, who, world.clock);
  const asked = await identity.signIn({ email: "ann@example.org", password: PASSWORD }, HOME);
  assert.ok(asked.status === "second-factor");
  const proof = fc.oneof(
    fc.record({ method: fc.constantFrom("totp" as const, "recovery-code" as const), code: anyText() }),
    fc.record({ method: fc.constant("passkey" as const), response: fc.jsonValue() }),
  );
  await fc.assert(
    fc.asyncProperty(anyText(), anyText(), proof, async (one, two, factor) => {
      await coded(credentials.verifyEmail(one, HOME));
      await coded(credentials.resetPassword({ token: one, password: two }, HOME));
      await coded(credentials.confirmEmailChange(one));
      await coded(credentials.undoEmailChange(one));
      await coded(identity.administration.resetPassword(OPERATOR, one));
      await credentials.requestPasswordReset(one, { address: two, userAgent: one });
      await coded(credentials.requestEmailChange(who, one));
      await coded(credentials.changePassword(who, { current: one, next: two }));
      await coded(identity.completeSignIn({ challenge: asked.challenge, proof: factor }, HOME));
      await coded(identity.completeSignIn({ challenge: one, proof: factor }, HOME));
      await coded(factors.stepUp(who, { password: one, factor }));
      await coded(factors.confirmTotp(who, one));
      await coded(factors.remove(who, one));
      await coded(factors.renamePasskey(who.account.id, one, two));
      if (factor.method !== "passkey") return;
      await coded(identity.signInWithPasskey(factor.response, HOME));
      await coded(factors.finishPasskey(who, { name: "Key", response: factor.response }));
    }),
    { numRuns: 60 },
  );
  assert.ok(await identity.authenticate(who.token), "and nothing of it had an effect");
});
