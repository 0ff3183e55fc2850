import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, hasCode } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import type { IdentityEvent, Role } from "../src/index.ts";
import { AWAY, HOME, harness, OPERATOR, signIn, signUp, someone } from "./harness.ts";
import { persona, prove } from "./people.ts";

const MINUTE = 60_000;
const NOBODY = "00000000-0000-7000-8000-000000000000";

async function refused(act: Promise<unknown>, code: string, reason?: string): Promise<void> {
  await assert.rejects(act, (error) => {
    assert.ok(error instanceof CodedError && hasCode(error, code), String(error));
    if (reason !== undefined) assert.equal(error.details.reason, reason);
    return true;
  });
}

test("an account made for somebody else is recorded with its maker, and an administrator ends the first invitation", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { administration, adminExists, createAdminInvitation } = world.identity;
  const { token } = await createAdminInvitation();
  const wanted = { ...someone("root"), role: "ADMIN" as const };
  await refused(administration.create(OPERATOR, { ...wanted, password: "password1" }), "weak-password");
  await refused(administration.create(OPERATOR, { ...wanted, email: "nobody" }), "validation-failed");
  const account = await administration.create(OPERATOR, wanted);
  assert.deepEqual([account.role, account.email, await adminExists()], ["ADMIN", wanted.email, true]);
  assert.deepEqual(events.at(-1), {
    type: "account.created",
    userId: account.id,
    role: "ADMIN",
    actor: OPERATOR,
  });
  await refused(administration.create(OPERATOR, wanted), "email-taken");
  const late = { ...someone("late"), invitation: token };
  await refused(signUp(world.identity, late, HOME), "invalid-invitation");
  const { session } = await signIn(world.identity, wanted, HOME);
  assert.equal(session.userId, account.id);
  const moderator = await persona(world, "mod", "MODERATOR");
  const other = { ...someone("other"), role: "USER" as const };
  await refused(administration.create(await moderator.subject(), other), "forbidden", "role");
});

test("a link of a forgotten password is made by who may, once, for an hour, and says who made it", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { administration, credentials } = world.identity;
  const admin = await persona(world, "admin", "ADMIN");
  const moderator = await persona(world, "mod", "MODERATOR");
  const user = await persona(world, "user");
  const { id } = user.account;
  await refused(administration.resetPassword(await moderator.subject(), id), "forbidden", "role");
  await refused(
    administration.resetPassword(await admin.subject(), admin.account.id),
    "forbidden",
    "own-account",
  );
  await refused(administration.resetPassword(OPERATOR, NOBODY), "unknown-user");
  const link = await administration.resetPassword(await admin.subject(), id);
  assert.equal(link.expiresAt, world.clock.now() + 60 * MINUTE);
  assert.deepEqual(events.at(-1), {
    type: "auth.password.reset-requested",
    userId: id,
    client: null,
    actor: { kind: "session", userId: admin.account.id },
  });
  await credentials.resetPassword({ token: link.token, password: "a brass weathervane" }, AWAY);
  assert.equal(await world.identity.authenticate(user.token), null);
  const again = credentials.resetPassword({ token: link.token, password: "a brass weathervane" }, AWAY);
  await refused(again, "invalid-link");
  world.clock.advance(11 * MINUTE);
  await refused(administration.resetPassword(await admin.subject(), id), "step-up-required", "step-up");
});

test("who may do what to whom, through every act", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { administration } = world.identity;
  const admin = await persona(world, "admin", "ADMIN");
  const moderator = await persona(world, "mod", "MODERATOR");
  const user = await persona(world, "user");
  const other = await persona(world, "other");
  const suspension = { until: null, reason: "spam" };
  await refused(
    administration.suspend(await user.subject(), other.account.id, suspension),
    "forbidden",
    "role",
  );
  await refused(administration.suspend(await user.subject(), NOBODY, suspension), "forbidden", "role");
  await refused(administration.search(await user.subject(), {}), "forbidden", "role");
  await refused(administration.export(await user.subject(), other.account.id), "forbidden", "role");
  await refused(
    administration.suspend(await moderator.subject(), admin.account.id, suspension),
    "forbidden",
    "higher-role",
  );
  await refused(
    administration.suspend(await moderator.subject(), moderator.account.id, suspension),
    "forbidden",
    "own-account",
  );
  await refused(
    administration.ban(await moderator.subject(), user.account.id, { reason: "x" }),
    "forbidden",
    "role",
  );
  await refused(
    administration.changeRole(await moderator.subject(), user.account.id, "USER"),
    "forbidden",
    "role",
  );
  await refused(
    administration.changeRole(await admin.subject(), admin.account.id, "USER"),
    "forbidden",
    "own-account",
  );
  await refused(administration.suspend(await admin.subject(), NOBODY, suspension), "unknown-user");
  await refused(administration.suspend(await admin.subject(), "'; --", suspension), "unknown-user");
  assert.deepEqual(
    events.filter(({ type }) => type.startsWith("account.")),
    [],
  );
  await administration.suspend(await moderator.subject(), user.account.id, suspension);
  assert.equal(await world.identity.authenticate(user.token), null);
  assert.deepEqual(events.at(-1), {
    type: "account.suspended",
    userId: user.account.id,
    ...suspension,
    actor: { kind: "session", userId: moderator.account.id },
  });
  await administration.reactivate(await moderator.subject(), user.account.id);
  await administration.changeRole(await admin.subject(), user.account.id, "MODERATOR");
  assert.equal(
    (await signIn(world.identity, { email: other.account.email, password: "x" }, HOME).catch((e) => e)).code,
    "wrong-credentials",
  );
});

test("an administrator who proved themselves long ago reads, and does nothing dangerous until they step up", async () => {
  await using world = await harness();
  const admin = await persona(world, "admin", "ADMIN");
  const user = await persona(world, "user");
  const { administration } = world.identity;
  world.clock.advance(11 * MINUTE);
  assert.equal((await administration.search(await admin.subject(), {})).users.length, 2);
  await refused(
    administration.ban(await admin.subject(), user.account.id, { reason: "x" }),
    "step-up-required",
  );
  await refused(
    administration.changeRole(await admin.subject(), user.account.id, "ADMIN"),
    "step-up-required",
  );
  await prove(world, admin);
  await administration.changeRole(await admin.subject(), user.account.id, "ADMIN");
  await world.db.query("DELETE FROM totp_factors");
  await world.identity.maintain();
  await refused(administration.search(await admin.subject(), {}), "mfa-enrolment-required");
});

test("the last administrator stays, even when two remove each other at once", async () => {
  await using world = await harness();
  const { administration } = world.identity;
  const one = await persona(world, "one", "ADMIN");
  const suspension = { until: null, reason: "x" };
  for (const act of [
    () => administration.changeRole(OPERATOR, one.account.id, "USER"),
    () => administration.suspend(OPERATOR, one.account.id, suspension),
    () => administration.ban(OPERATOR, one.account.id, { reason: "x" }),
  ]) {
    await refused(act(), "last-administrator");
  }
  const two = await persona(world, "two", "ADMIN");
  const [first, second] = [await one.subject(), await two.subject()];
  const outcomes = await Promise.allSettled([
    administration.changeRole(first, two.account.id, "USER"),
    administration.changeRole(second, one.account.id, "USER"),
    administration.ban(first, two.account.id, { reason: "x" }),
    administration.suspend(second, one.account.id, suspension),
  ]);
  assert.ok(outcomes.some(({ status }) => status === "rejected"));
  const left = await world.db.query("SELECT 1 FROM users WHERE role = 'ADMIN' AND status = 'ACTIVE'");
  assert.equal(left.length, 1);
});

test("a ban names the addresses of the account when it is asked to, and reaches every process", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { identity, clock } = world;
  const elsewhere = world.another();
  const ended: string[] = [];
  elsewhere.onSessionEnded(({ reason }) => ended.push(reason));
  const { account, token } = await signUp(identity, someone("eve"), HOME);
  clock.advance(MINUTE);
  await signIn(identity, { email: account.email, password: "a tangerine umbrella" }, AWAY);
  assert.ok(await elsewhere.authenticate(token));
  const addresses = await identity.administration.ban(OPERATOR, account.id, {
    reason: "fraud",
    addresses: true,
  });
  assert.deepEqual(addresses, [AWAY.address, HOME.address]);
  const event = events.find(({ type }) => type === "account.banned");
  assert.ok(event?.type === "account.banned");
  assert.deepEqual([event.addresses, event.actor], [addresses, OPERATOR]);
  clock.advance(1000);
  assert.equal(await elsewhere.authenticate(token), null);
  assert.deepEqual(ended, ["banned", "banned"]);
});

test("accounts are found by id, address, name, status, role and time, page after page, each once", async () => {
  await using world = await harness();
  const { identity, clock, db } = world;
  const { administration } = identity;
  const ids: string[] = [];
  for (let i = 0; i < 7; i += 1) {
    ids.push(
      (await signUp(identity, { ...someone(`u${i}`), name: i % 2 === 0 ? `Élo ${i}` : `Zed ${i}` }, HOME))
        .account.id,
    );
    clock.advance(MINUTE);
  }
  const newest = ids.toReversed();
  const idsOf = async (search: Parameters<typeof administration.search>[1]) =>
    (await administration.search(OPERATOR, search)).users.map(({ id }) => id);
  assert.deepEqual(await idsOf({}), newest);
  assert.deepEqual(await idsOf({ q: ids[3] ?? "" }), [ids[3]]);
  assert.deepEqual(await idsOf({ q: "U3@Example.org" }), [ids[3]]);
  assert.deepEqual(
    await idsOf({ q: "elo" }),
    newest.filter((_, i) => i % 2 === 0),
  );
  assert.deepEqual(await idsOf({ q: "%" }), []);
  await db.query("UPDATE users SET role = 'MODERATOR', status = 'BANNED', ban_reason = 'x' WHERE id = $1", [
    ids[2],
  ]);
  assert.deepEqual(await idsOf({ status: "BANNED", role: "MODERATOR" }), [ids[2]]);
  const firstMade = world.clock.now() - 7 * MINUTE;
  assert.deepEqual(await idsOf({ createdFrom: firstMade + MINUTE, createdBefore: firstMade + 3 * MINUTE }), [
    ids[2],
    ids[1],
  ]);
  assert.deepEqual(await idsOf({ inactiveSince: firstMade + 1 }), [ids[0]]);
  const seen: string[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const page = await administration.search(OPERATOR, { limit: 3, ...(after === "" ? {} : { after }) });
    if (after === "") await signUp(identity, someone("newcomer"), HOME);
    seen.push(...page.users.map(({ id }) => id));
    after = page.next;
  }
  assert.deepEqual(seen, newest, "somebody who came meanwhile moves nothing");
  const [summary] = (await administration.search(OPERATOR, { q: ids[2] ?? "" })).users;
  assert.deepEqual([summary?.status, summary?.banReason, summary?.mfaEnabled], ["BANNED", "x", false]);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: codePoint }), fc.string(), async (q, after) => {
      assert.ok(Array.isArray((await administration.search(OPERATOR, { q, after })).users));
    }),
    { numRuns: 60 },
  );
});

test("an export holds what is kept about one person, and no secret", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { identity } = world;
  const ann = await persona(world, "ann");
  await signUp(identity, someone("ben"), HOME);
  const key = await identity.apiKeys.create(await ann.subject(), {
    name: "ci",
    permissions: ["profile.read"],
  });
  const tenant = await identity.tenants.create(ann.account, "Guild");
  const exported = await identity.administration.export(await ann.subject(), ann.account.id);
  const text = JSON.stringify(exported);
  assert.deepEqual(JSON.parse(text), exported, "it is JSON");
  for (const part of ["ann@example.org", HOME.address, key.id, tenant.id, "Guild"])
    assert.ok(text.includes(part), part);
  assert.doesNotMatch(text, /ben@|argon2|sealed|hash/);
  assert.ok(!text.includes(key.secret) && !text.includes(ann.token));
  assert.equal(events.at(-1)?.type, "account.exported");
  await refused(identity.administration.export(OPERATOR, NOBODY), "unknown-user");
});

test("the sessions of others are shown and ended with permission", async () => {
  await using world = await harness();
  const { identity } = world;
  const moderator = await persona(world, "mod", "MODERATOR");
  const user = await persona(world, "user");
  assert.equal(
    (await identity.administration.sessions(await moderator.subject(), user.account.id)).length,
    1,
  );
  await refused(identity.administration.endSessions(await user.subject(), moderator.account.id), "forbidden");
  assert.equal(await identity.administration.endSessions(await moderator.subject(), user.account.id), 1);
  assert.equal(await identity.authenticate(user.token), null);
});

test("sessions of others stay and are stale at once, in every process, with permission", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { administration, factors, authenticate } = world.identity;
  const [admin, user] = [await persona(world, "admin", "ADMIN"), await persona(world, "user")];
  const { id } = user.account;
  const before = await authenticate(user.token);
  assert.ok(before);
  factors.requireFresh(before, 5 * MINUTE);
  await refused(administration.requireStepUp(await user.subject(), admin.account.id), "forbidden");
  assert.equal(await administration.requireStepUp(OPERATOR, id), 1);
  const after = await authenticate(user.token);
  assert.ok(after);
  assert.throws(() => factors.requireFresh(after, 5 * MINUTE), { code: "step-up-required" });
  const told = { type: "auth.step-up.required", userId: id, sessions: 1, actor: OPERATOR };
  assert.deepEqual(events.at(-1), told);
});

test("what is no reason, no time and no role is refused before anything is asked", async () => {
  await using world = await harness();
  const { administration } = world.identity;
  const { account } = await signUp(world.identity, someone("ann"), HOME);
  const bad: [string, () => Promise<unknown>][] = [
    ["until", () => administration.suspend(OPERATOR, account.id, { until: world.clock.now(), reason: "" })],
    ["until", () => administration.suspend(OPERATOR, account.id, { until: Number.NaN, reason: "" })],
    ["reason", () => administration.ban(OPERATOR, account.id, { reason: "a\0b" })],
    ["reason", () => administration.ban(OPERATOR, account.id, { reason: "\ud800" })],
    ["reason", () => administration.ban(OPERATOR, account.id, { reason: "x".repeat(501) })],
    ["role", () => administration.changeRole(OPERATOR, account.id, "OWNER" as Role)],
  ];
  for (const [field, act] of bad) {
    await assert.rejects(act(), (error) => {
      assert.ok(error instanceof CodedError && hasCode(error, "validation-failed"));
      return error.details.field === field;
    });
  }
});

test("use without a pause for longer than eight hours is told once per session; a pause begins anew", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { identity, clock } = world;
  const { token, session } = await signUp(identity, someone("ann"), HOME);
  const long = () => events.filter(({ type }) => type === "auth.session.long");
  const use = async (minutes: number) => {
    for (let i = 0; i < minutes; i += 20) {
      clock.advance(20 * MINUTE);
      await identity.authenticate(token);
      await identity.maintain();
    }
  };
  await use(460);
  clock.advance(31 * MINUTE);
  await identity.authenticate(token);
  await identity.maintain();
  const since = clock.now();
  await use(480);
  assert.deepEqual(long(), []);
  assert.equal(await identity.administration.averageSessionMinutes(), 480);
  await use(40);
  assert.deepEqual(long(), [
    { type: "auth.session.long", userId: session.userId, sessionId: session.id, activeSince: since },
  ]);
  clock.advance(31 * MINUTE);
  assert.equal(await identity.administration.averageSessionMinutes(), null);
});

test("a refresh after a pause begins a new stretch of use, as any other use does", async () => {
  await using world = await harness();
  const { identity, clock, db } = world;
  const { token } = await signUp(identity, someone("ann"), HOME);
  clock.advance(31 * MINUTE);
  const next = await identity.tokens.refresh(token, HOME);
  assert.ok(next);
  const resumedAt = clock.now();
  clock.advance(20 * MINUTE);
  await identity.authenticate(next.token);
  await identity.maintain();
  const [row] = await db.query<{ active_since: Date }>("SELECT active_since FROM sessions");
  assert.equal(row?.active_since.getTime(), resumedAt);
});
