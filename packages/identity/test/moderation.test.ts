import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, hasCode } from "@rempart/kernel";
import type { IdentityEvent, SessionEnded } from "../src/index.ts";
import { HOME, harness, OPERATOR, PASSWORD, signIn, signUp, someone } from "./harness.ts";
import { persona } from "./people.ts";

const HOUR = 3_600_000;

test("suspension ends sessions and tickets, refuses whoever knows the password with its reason, and lifts by itself", async () => {
  await using world = await harness();
  const { identity, clock, db } = world;
  const { account, token, session } = await signUp(identity, someone("ann"), HOME);
  const { ticket } = await identity.issueTicket(session);
  const ended: SessionEnded[] = [];
  identity.onSessionEnded((end) => ended.push(end));
  const until = clock.now() + HOUR;
  await identity.administration.suspend(OPERATOR, account.id, { until, reason: "spam" });
  assert.equal(await identity.authenticate(token), null);
  assert.equal(await identity.redeemTicket(ticket), null);
  assert.deepEqual(ended, [{ sessionId: session.id, userId: account.id, reason: "suspended" }]);
  const right = { email: account.email, password: PASSWORD };
  await assert.rejects(signIn(identity, right, HOME), (error) => {
    assert.ok(error instanceof CodedError && hasCode(error, "account-suspended"));
    assert.deepEqual(error.details, { suspendedUntil: until });
    return true;
  });
  await assert.rejects(signIn(identity, { ...right, password: "wrong umbrella" }, HOME), (error) =>
    hasCode(error, "wrong-credentials"),
  );
  assert.deepEqual(await identity.findUsers({ q: "person" }), []);
  assert.deepEqual(await identity.findUsers({ q: account.email }), []);
  clock.advance(HOUR);
  assert.equal((await identity.findUsers({ q: "person" })).length, 1);
  assert.ok(await signIn(identity, right, HOME));
  const [row] = await db.query<Record<string, unknown>>(
    "SELECT status, suspended_at, suspended_until, suspension_reason FROM users",
  );
  assert.deepEqual(Object.values(row ?? {}), ["ACTIVE", null, null, null]);
});

test("a session of a suspended account opens nothing, even one that nobody ended", async () => {
  await using world = await harness();
  const { identity, db } = world;
  const { account, token } = await signUp(identity, someone("ann"), HOME);
  await identity.administration.suspend(OPERATOR, account.id, { until: null, reason: "spam" });
  await db.query("UPDATE sessions SET ended_at = NULL, end_reason = NULL");
  assert.equal(await identity.authenticate(token), null);
});

test("maintenance lifts what is over, and only that", async () => {
  await using world = await harness();
  const { identity, clock, db } = world;
  const over = await signUp(identity, someone("ann"), HOME);
  const endless = await signUp(identity, someone("ben"), HOME);
  await identity.administration.suspend(OPERATOR, over.account.id, {
    until: clock.now() + HOUR,
    reason: "spam",
  });
  await identity.administration.suspend(OPERATOR, endless.account.id, { until: null, reason: "fraud" });
  clock.advance(HOUR);
  await identity.maintain();
  const rows = await db.query<{ name: string; status: string }>(
    "SELECT name, status FROM users ORDER BY name",
  );
  assert.deepEqual(
    rows.map(({ status }) => status),
    ["ACTIVE", "SUSPENDED"],
  );
});

test("a ban holds until it is taken back", async () => {
  await using world = await harness();
  const { identity } = world;
  const { account, token } = await signUp(identity, someone("ann"), HOME);
  await identity.administration.ban(OPERATOR, account.id, { reason: "threats" });
  assert.equal(await identity.authenticate(token), null);
  const right = { email: account.email, password: PASSWORD };
  await assert.rejects(signIn(identity, right, HOME), (error) => hasCode(error, "account-banned"));
  await assert.rejects(
    identity.administration.suspend(OPERATOR, account.id, { until: null, reason: "x" }),
    (error) => hasCode(error, "unknown-user"),
  );
  await identity.administration.reactivate(OPERATOR, account.id);
  assert.ok(await signIn(identity, right, HOME));
  await assert.rejects(
    identity.administration.ban(OPERATOR, "00000000-0000-7000-8000-000000000000", { reason: "x" }),
    (error) => hasCode(error, "unknown-user"),
  );
});

test("an erased account is gone with all that refers to it, and its address is free", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { identity, db } = world;
  const { account, token, session } = await signUp(identity, someone("ann"), HOME);
  const ended: SessionEnded[] = [];
  identity.onSessionEnded((end) => ended.push(end));
  const admin = await (await persona(world, "root", "ADMIN")).subject();
  await identity.administration.erase(admin, account.id);
  assert.equal(await identity.authenticate(token), null);
  assert.deepEqual(ended, [{ sessionId: session.id, userId: account.id, reason: "deleted" }]);
  assert.deepEqual(await db.query("SELECT FROM users WHERE id = $1", [account.id]), []);
  assert.deepEqual(events.at(-1), {
    type: "account.erased",
    userId: account.id,
    actor: { kind: "session", userId: admin.userId },
  });
  await assert.rejects(identity.administration.erase(OPERATOR, account.id), (error) =>
    hasCode(error, "unknown-user"),
  );
  await assert.rejects(identity.administration.erase(OPERATOR, admin.userId), (error) =>
    hasCode(error, "last-administrator"),
  );
  assert.ok(await signUp(identity, someone("ann"), HOME));
});

test("one erases one's own account with a fresh proof, unless nobody else could administer", async () => {
  await using world = await harness();
  const { identity, clock, db } = world;
  const signedIn = await signUp(identity, someone("ann"), HOME);
  clock.advance(HOUR);
  await assert.rejects(identity.eraseAccount(signedIn), (error) => hasCode(error, "step-up-required"));
  const { token: invitation } = await identity.createAdminInvitation();
  const only = await signUp(identity, { ...someone("eve"), invitation }, HOME);
  await db.query("UPDATE sessions SET factor_at = authenticated_at");
  await assert.rejects(identity.eraseAccount(only), (error) => hasCode(error, "last-administrator"));
  const again = await signIn(identity, { email: signedIn.account.email, password: PASSWORD }, HOME);
  await identity.eraseAccount(again);
  assert.equal(await identity.authenticate(again.token), null);
  assert.equal(await identity.authenticate(signedIn.token), null);
  await assert.rejects(identity.eraseAccount(again), (error) => hasCode(error, "session-ended"));
  assert.equal((await db.query("SELECT FROM users")).length, 1);
});

test("a moderator lifts a suspension; a ban takes who may ban", async () => {
  await using world = await harness();
  const { identity } = world;
  const { account } = await signUp(identity, someone("ann"), HOME);
  const moderator = await (await persona(world, "mod", "MODERATOR")).subject();
  const admin = await (await persona(world, "root", "ADMIN")).subject();
  await identity.administration.suspend(moderator, account.id, { until: null, reason: "spam" });
  await identity.administration.reactivate(moderator, account.id);
  await identity.administration.ban(admin, account.id, { reason: "threats" });
  await assert.rejects(identity.administration.reactivate(moderator, account.id), (error) =>
    hasCode(error, "forbidden"),
  );
  await identity.administration.reactivate(admin, account.id);
});

test("the invitation of the first administrator ends when somebody else becomes one", async () => {
  await using world = await harness();
  const { identity } = world;
  const { token: invitation } = await identity.createAdminInvitation();
  const { account } = await signUp(identity, someone("ann"), HOME);
  await identity.administration.changeRole(OPERATOR, account.id, "ADMIN");
  await assert.rejects(signUp(identity, { ...someone("eve"), invitation }, HOME), (error) =>
    hasCode(error, "invalid-invitation"),
  );
});

test("the record of sessions that somebody else ended names who did it", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { identity } = world;
  const { account, session } = await signUp(identity, someone("ann"), HOME);
  const moderator = await persona(world, "mod", "MODERATOR");
  await identity.administration.endSessions(await moderator.subject(), account.id);
  const { id: userId } = account;
  assert.deepEqual(events.at(-1), {
    ...{ type: "auth.session.revoked", userId, sessionId: session.id, reason: "revoked" },
    actor: { kind: "session", userId: moderator.account.id },
  });
});
