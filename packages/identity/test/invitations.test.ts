import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { HOME, harness, signUp, someone } from "./harness.ts";

const refused = (error: unknown): boolean => hasCode(error, "invalid-invitation");

test("of two who redeem one invitation at once, exactly one becomes administrator and the other has no account", async () => {
  await using world = await harness();
  const { identity } = world;
  const elsewhere = world.another();
  const { token: invitation } = await identity.createAdminInvitation();
  const results = await Promise.allSettled([
    signUp(identity, { ...someone("ada"), invitation }, HOME),
    signUp(elsewhere, { ...someone("bob"), invitation }, HOME),
    signUp(identity, { ...someone("cyd"), invitation }, HOME),
  ]);
  const won = results.filter((result) => result.status === "fulfilled");
  assert.equal(won.length, 1);
  assert.equal(won[0]?.value.account.role, "ADMIN");
  assert.ok(results.every((result) => result.status === "fulfilled" || refused(result.reason)));
  const users = await world.db.query<{ role: string }>("SELECT role FROM users");
  assert.deepEqual(users, [{ role: "ADMIN" }]);
  assert.equal(await identity.adminExists(), true);
  await assert.rejects(identity.createAdminInvitation(), (error) => hasCode(error, "forbidden"));
});

test("a fresh invitation ends the earlier one, and each ends after its time", async () => {
  await using world = await harness();
  const { identity, clock } = world;
  const first = await identity.createAdminInvitation();
  const second = await identity.createAdminInvitation();
  await assert.rejects(signUp(identity, { ...someone("ada"), invitation: first.token }, HOME), refused);
  clock.advance(second.expiresAt - clock.now());
  await assert.rejects(signUp(identity, { ...someone("ada"), invitation: second.token }, HOME), refused);
  const third = await identity.createAdminInvitation();
  const made = await signUp(identity, { ...someone("ada"), invitation: third.token }, HOME);
  assert.equal((await identity.authenticate(made.token))?.account.role, "ADMIN");
});

test("a sign-up that fails leaves the invitation to be used", async () => {
  await using world = await harness();
  const { identity } = world;
  await signUp(identity, someone("ada"), HOME);
  const { token: invitation } = await identity.createAdminInvitation();
  await assert.rejects(signUp(identity, { ...someone("ada"), invitation }, HOME), (error) =>
    hasCode(error, "email-taken"),
  );
  assert.equal((await signUp(identity, { ...someone("bea"), invitation }, HOME)).account.role, "ADMIN");
});

test("garbage for an invitation is refused, an empty text included, and no account is made", async () => {
  await using world = await harness();
  for (const invitation of ["", "\0", "null", "A".repeat(43), "é".repeat(43), "A".repeat(100_000)]) {
    await assert.rejects(signUp(world.identity, { ...someone("eve"), invitation }, HOME), refused);
  }
  assert.deepEqual(await world.db.query("SELECT id FROM users"), []);
});
