import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { HOME, harness, OPERATOR, signUp, someone } from "./harness.ts";

test("people are found by the start of their name without case and accents, or by one whole address", async () => {
  await using world = await harness();
  const { identity } = world;
  const names = ["Éloïse Martin", "eloi Dupont", "Martin Éloi", "ΑΘΗΝΑ", "Percy 100%_sure"];
  const ids: string[] = [];
  for (const [i, name] of names.entries()) {
    ids.push((await signUp(identity, { ...someone(`p${i}`), name }, HOME)).account.id);
  }
  const found = async (q: string, excluding?: string) =>
    (await identity.findUsers(excluding === undefined ? { q } : { q, excluding })).map(({ name }) => name);
  assert.deepEqual(await found("ELOI"), ["eloi Dupont", "Éloïse Martin"]);
  assert.deepEqual(await found("éloï", ids[0]), ["eloi Dupont"]);
  assert.deepEqual(await found("αθη"), ["ΑΘΗΝΑ"]);
  assert.deepEqual(await found("%"), []);
  assert.deepEqual(await found("percy 100%_"), ["Percy 100%_sure"]);
  assert.deepEqual(await found("percy 100__"), []);
  assert.deepEqual(await identity.findUsers({ q: "P1@Example.org" }), [
    { id: ids[1], name: "eloi Dupont", email: "p1@example.org" },
  ]);
  assert.deepEqual(await found("p1@example"), []);
  assert.deepEqual(await found("  "), []);
});

test("a new name is found at once, the old one no more, and every process shows it", async () => {
  await using world = await harness();
  const { identity, clock } = world;
  const elsewhere = world.another();
  const { account, token } = await signUp(identity, someone("ann"), HOME);
  await elsewhere.authenticate(token);
  const renamed = await identity.updateName(account.id, "  Zoë  ");
  assert.deepEqual(renamed, { ...account, name: "Zoë" });
  assert.equal((await identity.authenticate(token))?.account.name, "Zoë");
  clock.advance(1000);
  assert.equal((await elsewhere.authenticate(token))?.account.name, "Zoë");
  assert.equal((await identity.findUsers({ q: "zoe" })).length, 1);
  assert.equal((await identity.findUsers({ q: "person" })).length, 0);
  for (const name of ["", " ", "a\0b", "a\u202eb", "\u200b", "x".repeat(81), "\ud800"]) {
    await assert.rejects(identity.updateName(account.id, name), (error) =>
      hasCode(error, "validation-failed"),
    );
  }
});

test("people by id: unknown and malformed ids are left out, suspended people only on request", async () => {
  await using world = await harness();
  const { identity } = world;
  const ann = await signUp(identity, someone("ann"), HOME);
  const ben = await signUp(identity, someone("ben"), HOME);
  await identity.administration.suspend(OPERATOR, ben.account.id, { until: null, reason: "spam" });
  const ids = [ann.account.id, ben.account.id, "00000000-0000-7000-8000-000000000000", "'; DROP TABLE users"];
  const names = (await identity.getUsers(ids)).map(({ name }) => name).sort();
  assert.deepEqual(names, ["Person ann", "Person ben"]);
  assert.deepEqual(await identity.getUsers(ids, { onlyActive: true }), [
    { id: ann.account.id, name: "Person ann" },
  ]);
  assert.deepEqual(await identity.getUsers([]), []);
});

test("whatever is searched for is answered", async () => {
  await using world = await harness();
  await signUp(world.identity, someone("ann"), HOME);
  const anything = fc.oneof(
    fc.string({ unit: codePoint }),
    fc.string(),
    fc.constantFrom("\0", "\ud800", "%", "\\", "x".repeat(1e5)),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (q) =>
      Array.isArray(await world.identity.findUsers({ q, excluding: q })),
    ),
    { numRuns: 60 },
  );
});
