import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@rempart/testing";
import type { SessionEnded } from "../src/index.ts";
import { AWAY, HOME, harness, PASSWORD, signIn, signUp, someone } from "./harness.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

test("a session ended here is unknown in another process after its next beat, and both hear of it once", async () => {
  await using world = await harness();
  const elsewhere = world.another();
  const heard = { here: [] as SessionEnded[], there: [] as SessionEnded[] };
  world.identity.onSessionEnded((ended) => heard.here.push(ended));
  elsewhere.onSessionEnded((ended) => heard.there.push(ended));
  const { token, session, account } = await signUp(world.identity, someone("ann"), HOME);
  assert.ok(await elsewhere.authenticate(token));
  await world.identity.signOut(session.id);
  assert.equal(await world.identity.authenticate(token), null, "at once where it was ended");
  await until(async () => (await elsewhere.authenticate(token)) === null);
  await until(() => heard.there.length === 1);
  const expected = [{ sessionId: session.id, userId: account.id, reason: "signed-out" }];
  assert.deepEqual(heard, { here: expected, there: expected });
});

test("a memory older than the allowed staleness is never believed, even when the beat never comes", async () => {
  await using world = await harness();
  const slow = world.another({ config: { session: { pollMs: 3_600_000, maxStalenessMs: 3_600_001 } } });
  const strict = world.another({ config: { session: { pollMs: 999, maxStalenessMs: 1000 } } });
  const { token, account } = await signUp(world.identity, someone("ben"), HOME);
  assert.ok(await slow.authenticate(token));
  assert.ok(await strict.authenticate(token));
  await world.db.query("UPDATE users SET status = 'BANNED' WHERE id = $1", [account.id]);
  world.clock.advance(1000);
  assert.ok(await slow.authenticate(token), "the double that shows the memory is used");
  assert.equal(await strict.authenticate(token), null);
});

test("when changes cannot be read, a check rejects rather than believing its memory", async () => {
  await using world = await harness();
  const { token } = await signUp(world.identity, someone("bo"), HOME);
  assert.ok(await world.identity.authenticate(token));
  await world.db.query("ALTER TABLE identity_changes RENAME TO hidden");
  world.clock.advance(1000);
  await assert.rejects(world.identity.authenticate(token));
  await world.db.query("ALTER TABLE hidden RENAME TO identity_changes");
  assert.ok(await world.identity.authenticate(token));
});

test("a session that ends while it is being read is not remembered", async () => {
  await using world = await harness();
  const gate = Promise.withResolvers<void>();
  const reading = Promise.withResolvers<void>();
  const slow = world.another({
    delay: async (text) => {
      if (!text.includes("token_hash = $1")) return;
      reading.resolve();
      await gate.promise;
    },
  });
  const { token, session } = await signUp(world.identity, someone("bob"), HOME);
  const check = slow.authenticate(token);
  await reading.promise;
  await slow.signOut(session.id);
  gate.resolve();
  assert.ok(await check, "it was live when it was read");
  assert.equal(await slow.authenticate(token), null);
});

test("whatever the order of checks and ends in three processes, an ended session is refused by all", async () => {
  await using world = await harness();
  const processes = [world.identity, world.another(), world.another()];
  const [first] = processes;
  assert.ok(first);
  const sessions = [await signUp(first, someone("eve"), HOME)];
  for (let i = 0; i < 11; i += 1) {
    sessions.push(await signIn(first, { email: "eve@example.org", password: PASSWORD }, HOME));
  }
  const ending = sessions.slice(0, 8);
  await Promise.all(
    sessions.flatMap(({ token, session }, i) => [
      ...processes.map((identity) => identity.authenticate(token)),
      ...(i < 8 ? [processes[i % 3]?.signOut(session.id)] : []),
      ...processes.map((identity) => identity.authenticate(token)),
    ]),
  );
  world.clock.advance(1000);
  for (const { token } of sessions) {
    const answers = await Promise.all(processes.map((identity) => identity.authenticate(token)));
    const ended = ending.some((session) => session.token === token);
    assert.deepEqual(
      answers.map((answer) => answer === null),
      [ended, ended, ended],
    );
  }
});

test("a change that commits after a later-numbered one is not missed", async () => {
  await using world = await harness();
  const { identity, db } = world;
  const early = await signUp(identity, someone("cat"), HOME);
  const late = await signUp(identity, someone("dan"), HOME);
  const heard: string[] = [];
  identity.onSessionEnded(({ sessionId }) => heard.push(sessionId));
  const end = "UPDATE sessions SET ended_at = now(), end_reason = 'revoked' WHERE id = $1";
  await db.transaction(async (tx) => {
    await tx.query(end, [early.session.id]);
    await identity.signOut(late.session.id);
    assert.ok(await identity.authenticate(early.token), "not committed yet");
    await identity.maintain();
  });
  await identity.maintain();
  assert.equal(await identity.authenticate(early.token), null);
  assert.deepEqual(heard, [late.session.id, early.session.id], "each once, though read several times");
});

test("statements typed by an operator end sessions and change roles as the API does", async () => {
  await using world = await harness();
  const { identity, db, clock } = world;
  const ended: SessionEnded[] = [];
  identity.onSessionEnded((end) => ended.push(end));
  const { token, account } = await signUp(identity, someone("eli"), HOME);
  await identity.authenticate(token);
  await db.query("UPDATE users SET role = 'MODERATOR' WHERE email = $1", [account.email]);
  clock.advance(1000);
  assert.equal((await identity.authenticate(token))?.account.role, "MODERATOR");
  await db.query("UPDATE users SET status = 'SUSPENDED', suspended_at = NOW() WHERE email = $1", [
    account.email,
  ]);
  clock.advance(1000);
  assert.equal(await identity.authenticate(token), null);
  assert.deepEqual(
    ended.map(({ reason }) => reason),
    ["suspended"],
  );
  const second = await signUp(identity, someone("fay"), HOME);
  await db.query("DELETE FROM users WHERE id = $1", [second.account.id]);
  clock.advance(1000);
  assert.equal(await identity.authenticate(second.token), null);
});

test("a session ends when it lies idle, and at its absolute limit however much it is used", async () => {
  await using world = await harness({ config: { session: { idleMs: 7 * DAY, absoluteMs: 10 * DAY } } });
  const { identity, clock } = world;
  const idle = await signUp(identity, someone("gus"), HOME);
  const busy = await signIn(identity, { email: "gus@example.org", password: PASSWORD }, AWAY);
  clock.advance(6 * DAY);
  assert.ok(await identity.authenticate(busy.token));
  await identity.maintain();
  clock.advance(DAY);
  assert.ok(await identity.authenticate(busy.token));
  assert.equal(await identity.authenticate(idle.token), null);
  const heard: SessionEnded[] = [];
  identity.onSessionEnded((ended) => heard.push(ended));
  await identity.maintain();
  clock.advance(3 * DAY - 1);
  assert.ok(await identity.authenticate(busy.token));
  clock.advance(1);
  assert.equal(await identity.authenticate(busy.token), null);
  await identity.maintain();
  assert.deepEqual(
    new Set(heard.map(({ sessionId }) => sessionId)),
    new Set([idle.session.id, busy.session.id]),
  );
  assert.ok(heard.every(({ reason }) => reason === "expired"));
});

test("the last use is written at most once a minute, for the session and its account", async () => {
  await using world = await harness();
  const { identity, clock, db } = world;
  const { token, session } = await signUp(identity, someone("hal"), HOME);
  const stored = async () => {
    const [row] = await db.query<{ s: Date; u: Date }>(
      "SELECT s.last_used_at AS s, u.last_active_at AS u FROM sessions s JOIN users u ON u.id = s.user_id",
    );
    return [row?.s.getTime(), row?.u.getTime()];
  };
  clock.advance(59_000);
  assert.equal((await identity.authenticate(token))?.session.lastUsedAt, session.createdAt);
  await identity.close();
  assert.deepEqual(await stored(), [session.createdAt, session.createdAt]);
  const later = world.another();
  clock.advance(1000);
  const seen = await later.authenticate(token);
  assert.equal(seen?.session.lastUsedAt, clock.now());
  clock.advance(2 * MINUTE);
  later.touch(session.id);
  await later.close();
  assert.deepEqual(await stored(), [clock.now(), clock.now()]);
});

test("a process that holds an old memory of a session lets the database say whether it is idle", async () => {
  await using world = await harness();
  const elsewhere = world.another();
  const { token } = await signUp(world.identity, someone("ivy"), HOME);
  await world.identity.authenticate(token);
  world.clock.advance(6 * DAY);
  await elsewhere.authenticate(token);
  await elsewhere.close();
  world.clock.advance(2 * DAY);
  assert.ok(await world.identity.authenticate(token));
});

test("list, revoke one, sign out everywhere; nobody revokes another's", async () => {
  await using world = await harness();
  const { identity, clock } = world;
  const first = await signUp(identity, someone("jo"), HOME);
  clock.advance(1);
  const second = await signIn(
    identity,
    { email: "jo@example.org", password: PASSWORD },
    { ...AWAY, userAgent: "Other\n/2" },
  );
  const stranger = await signUp(identity, someone("kim"), HOME);
  const { id } = first.account;
  assert.deepEqual(
    (await identity.sessions(id)).map((session) => session.id),
    [second.session.id, first.session.id],
  );
  assert.equal((await identity.sessions(id))[0]?.userAgent, "Other/2");
  assert.equal(await identity.revokeSession(stranger.account.id, first.session.id), false);
  assert.equal(await identity.revokeSession(id, "garbage"), false);
  assert.equal(await identity.revokeSession(id, first.session.id), true);
  assert.equal(await identity.revokeSession(id, first.session.id), false);
  assert.equal(await identity.authenticate(first.token), null);
  assert.equal(await identity.signOutEverywhere(id), 1);
  assert.equal(await identity.authenticate(second.token), null);
  assert.ok(await identity.authenticate(stranger.token));
});

test("past the number an account may have, the session used the longest ago ends", async () => {
  await using world = await harness({ config: { session: { perAccount: 2 } } });
  const { identity, clock } = world;
  const first = await signUp(identity, someone("lea"), HOME);
  for (let i = 0; i < 2; i += 1) {
    clock.advance(1000);
    await signIn(identity, { email: "lea@example.org", password: PASSWORD }, HOME);
  }
  assert.equal(await identity.authenticate(first.token), null);
  assert.equal((await identity.sessions(first.account.id)).length, 2);
});

test("a socket ticket works once, for 30 seconds, and dies with its session", async () => {
  await using world = await harness();
  const { identity, clock } = world;
  const { session, account } = await signUp(identity, someone("max"), HOME);
  const { ticket, expiresAt } = await identity.issueTicket(session);
  assert.equal(expiresAt, clock.now() + 30_000);
  const both = await Promise.all([identity.redeemTicket(ticket), identity.redeemTicket(ticket)]);
  assert.deepEqual(
    both.filter((seen) => seen !== null).map((seen) => seen.account),
    [account],
  );
  const late = await identity.issueTicket(session);
  clock.advance(30_000);
  assert.equal(await identity.redeemTicket(late.ticket), null);
  const orphan = await identity.issueTicket(session);
  await identity.signOut(session.id);
  assert.equal(await identity.redeemTicket(orphan.ticket), null);
  for (const garbage of ["", "x", "é".repeat(43), "A".repeat(5000)]) {
    assert.equal(await identity.redeemTicket(garbage), null);
  }
});
