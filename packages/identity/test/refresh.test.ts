import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import type { IdentityEvent, Refreshed } from "../src/index.ts";
import { AWAY, HOME, harness, signUp, someone } from "./harness.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const GRACE = 30 * SECOND;

/** A world that keeps its events, with somebody signed in. */
async function signedIn(name = "ann") {
  const events: IdentityEvent[] = [];
  const world = await harness({ observe: async (event) => void events.push(event) });
  const { token, account, session } = await signUp(world.identity, someone(name), HOME);
  const alarms = () => events.filter(({ type }) => type === "auth.token.reused");
  return {
    ...world,
    events,
    alarms,
    token,
    account,
    session,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

function refreshed(result: Refreshed | null): Refreshed {
  assert.ok(result);
  return result;
}

test("a refresh replaces the token in place and brings what changed: same session, new role, no new sign-in", async () => {
  await using world = await signedIn();
  const { identity, db, clock, token, account, session } = world;
  await db.query("UPDATE users SET role = 'MODERATOR' WHERE id = $1", [account.id]);
  clock.advance(MINUTE);
  const next = refreshed(await identity.tokens.refresh(token, HOME));
  assert.notEqual(next.token, token);
  assert.equal(next.session.id, session.id);
  assert.equal(next.session.expiresAt, session.expiresAt, "the absolute limit stays");
  assert.equal(next.account.role, "MODERATOR");
  assert.equal((await identity.authenticate(next.token))?.session.id, session.id);
  assert.equal((await identity.sessions(account.id)).length, 1);
});

test("a stolen token shown after its successor was used ends the family everywhere and is told", async () => {
  await using world = await signedIn();
  const { identity, clock, token, session, account } = world;
  const elsewhere = world.another();
  const stolen = token;
  const next = refreshed(await identity.tokens.refresh(token, HOME));
  assert.ok(await elsewhere.authenticate(next.token));
  clock.advance(GRACE);
  assert.equal(await elsewhere.authenticate(stolen), null, "it opens nothing by itself");
  assert.deepEqual(world.alarms(), []);
  assert.equal(await elsewhere.tokens.refresh(stolen, AWAY), null);
  const supersededAt = clock.now() - GRACE;
  assert.deepEqual(world.alarms(), [
    { type: "auth.token.reused", userId: account.id, sessionId: session.id, supersededAt, client: AWAY },
  ]);
  clock.advance(SECOND);
  assert.equal(await identity.authenticate(next.token), null);
  assert.equal(await identity.tokens.refresh(next.token, HOME), null);
  assert.equal(await identity.tokens.refresh(stolen, AWAY), null);
  assert.equal(world.alarms().length, 1, "an ended family raises no further alarm");
});

test("whoever refreshes first, thief or owner, the other's refresh ends the family", async () => {
  await using world = await signedIn();
  const { identity, clock, token } = world;
  const thief = refreshed(await identity.tokens.refresh(token, AWAY));
  await identity.authenticate(thief.token);
  clock.advance(15 * MINUTE);
  assert.equal(await identity.tokens.refresh(token, HOME), null, "the owner comes back with the old one");
  assert.equal(await identity.authenticate(thief.token), null);
  assert.equal(world.alarms().length, 1);
});

test("two tabs, a storm of tabs: all get one successor, and nobody is alarmed", async () => {
  await using world = await signedIn();
  const elsewhere = world.another();
  const storm = Array.from({ length: 40 }, (_, i) =>
    (i % 2 === 0 ? world.identity : elsewhere).tokens.refresh(world.token, HOME),
  );
  const tokens = new Set((await Promise.all(storm)).map((result) => refreshed(result).token));
  assert.equal(tokens.size, 1);
  const [token = ""] = tokens;
  assert.ok(await world.identity.authenticate(token));
  world.clock.advance(GRACE - 1);
  assert.equal((await elsewhere.tokens.refresh(world.token, HOME))?.token, token, "a late tab");
  assert.deepEqual(world.alarms(), []);
  assert.equal(world.events.filter(({ type }) => type === "auth.session.refreshed").length, 1);
});

test("a lost answer can be asked for again, however late, as long as nobody has shown the successor", async () => {
  await using world = await signedIn();
  const { identity, clock, token } = world;
  const lost = refreshed(await identity.tokens.refresh(token, HOME));
  clock.advance(3 * 60 * MINUTE);
  await identity.maintain();
  assert.equal(await identity.authenticate(token), null, "the old token opens nothing meanwhile");
  const again = refreshed(await identity.tokens.refresh(token, HOME));
  assert.equal(again.token, lost.token);
  assert.ok(await identity.authenticate(again.token));
  assert.equal(await identity.tokens.refresh(token, AWAY), null, "now it was shown");
  assert.equal(world.alarms().length, 1);
});

test("an answer lost before the last one is no way in, although the last was never shown", async () => {
  await using world = await signedIn();
  const { identity, clock, token } = world;
  const first = refreshed(await identity.tokens.refresh(token, HOME));
  clock.advance(GRACE);
  const second = refreshed(await identity.tokens.refresh(first.token, HOME));
  assert.equal(await identity.tokens.refresh(token, AWAY), null);
  assert.equal(world.alarms().length, 1);
  assert.equal(await identity.authenticate(second.token), null);
});

test("a tab that missed several refreshes within the grace gets the present token", async () => {
  await using world = await signedIn();
  const { identity, clock, token } = world;
  let present = token;
  for (let i = 0; i < 3; i += 1) {
    present = refreshed(await identity.tokens.refresh(present, HOME)).token;
    assert.ok(await identity.authenticate(present));
    clock.advance(5 * SECOND);
  }
  assert.equal((await identity.tokens.refresh(token, HOME))?.token, present);
  assert.deepEqual(world.alarms(), []);
});

test("a replaced token opens requests for the grace and not a moment longer, in every process", async () => {
  await using world = await signedIn();
  const { identity, clock, token, session } = world;
  const elsewhere = world.another();
  assert.ok(await elsewhere.authenticate(token), "so that it is in memory there");
  await identity.tokens.refresh(token, HOME);
  clock.advance(GRACE - 1);
  for (const process of [identity, elsewhere]) {
    assert.equal((await process.authenticate(token))?.session.id, session.id);
  }
  clock.advance(1);
  for (const process of [identity, elsewhere]) assert.equal(await process.authenticate(token), null);
});

test("without a grace, a replaced token is refused at once", async () => {
  await using world = await harness({ config: { session: { refreshGraceMs: 0 } } });
  const { token } = await signUp(world.identity, someone("bea"), HOME);
  const next = refreshed(await world.identity.tokens.refresh(token, HOME));
  assert.ok(await world.identity.authenticate(next.token));
  assert.equal(await world.identity.authenticate(token), null);
  assert.equal(await world.identity.tokens.refresh(token, HOME), null);
});

test("a clock that went back does not make an old token young again", async () => {
  await using world = await signedIn();
  const { identity, clock, token } = world;
  const next = refreshed(await identity.tokens.refresh(token, HOME));
  assert.ok(await identity.authenticate(next.token));
  clock.advance(10 * MINUTE);
  clock.jump(-60 * MINUTE);
  assert.equal(await identity.authenticate(token), null);
  assert.equal(await identity.tokens.refresh(token, AWAY), null);
  assert.equal(world.alarms().length, 1);
});

test("the database keeps no successor that can no longer be given out, and none in clear", async () => {
  await using world = await signedIn();
  const { identity, clock, db, token } = world;
  const next = refreshed(await identity.tokens.refresh(token, HOME));
  const sealed = async () => {
    const rows = await db.query<{ s: Buffer | null }>("SELECT successor AS s FROM superseded_tokens");
    return rows.map(({ s }) => s);
  };
  const [before] = await sealed();
  assert.ok(before && !before.includes(next.token));
  clock.advance(GRACE);
  await identity.maintain();
  assert.deepEqual(await sealed(), [before], "its answer may be lost: it waits");
  await identity.authenticate(next.token);
  await identity.maintain();
  assert.deepEqual(await sealed(), [null]);
});

test("a refresh whose record cannot be written leaves the token as it was", async () => {
  let full = true;
  await using world = await harness({
    observe: async ({ type }) => {
      if (full && type === "auth.session.refreshed") throw new Error("the log is full");
    },
  });
  const { token } = await signUp(world.identity, someone("cat"), HOME);
  await assert.rejects(world.identity.tokens.refresh(token, HOME), /the log is full/);
  assert.ok(await world.identity.authenticate(token));
  full = false;
  assert.ok(await world.identity.tokens.refresh(token, HOME));
});

test("no text that is not a token refreshes anything, and a suspended account refreshes nothing", async () => {
  await using world = await signedIn();
  const { identity, db, token, account } = world;
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: codePoint }), fc.base64String()), async (text) => {
      assert.equal(await identity.tokens.refresh(text, HOME), null);
    }),
    { numRuns: 50 },
  );
  await db.query("UPDATE users SET status = 'SUSPENDED' WHERE id = $1", [account.id]);
  assert.equal(await identity.tokens.refresh(token, HOME), null);
  assert.deepEqual(world.alarms(), []);
});

test("against a plain model: holders of any tokens, in any order, at any time", async () => {
  await using world = await harness();
  const { clock, db } = world;
  let people = 0;
  const step = fc.record({
    /** How many tokens back. */
    back: fc.nat(3),
    act: fc.constantFrom("refresh", "use"),
    wait: fc.constantFrom(0, SECOND, GRACE, MINUTE),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      people += 1;
      const { token } = await signUp(world.identity, someone(`p${people}`), HOME);
      const history = [{ token, replacedAt: Number.POSITIVE_INFINITY }];
      let presentUsed = true;
      let over = false;
      for (const { back, act, wait } of steps) {
        clock.advance(wait);
        const at = Math.max(0, history.length - 1 - back);
        const held = history[at];
        assert.ok(held);
        const isPresent = at === history.length - 1;
        const inGrace = clock.now() - held.replacedAt < GRACE;
        if (act === "use") {
          const opens = (await world.identity.authenticate(held.token)) !== null;
          assert.equal(opens, !over && (isPresent || inGrace));
          if (isPresent) presentUsed = true;
          continue;
        }
        const result = await world.identity.tokens.refresh(held.token, HOME);
        const innocent: boolean = isPresent || inGrace || (at === history.length - 2 && !presentUsed);
        assert.equal(result !== null, !over && innocent);
        if (result === null) over = true;
        else if (isPresent) {
          held.replacedAt = clock.now();
          history.push({ token: result.token, replacedAt: Number.POSITIVE_INFINITY });
          presentUsed = false;
        } else assert.equal(result.token, history.at(-1)?.token);
      }
      const [row] = await db.query<{ ended: boolean }>(
        "SELECT bool_or(end_reason = 'token-reused') AS ended FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $1",
        [someone(`p${people}`).email],
      );
      assert.equal(row?.ended ?? false, over);
    }),
    { numRuns: 60 },
  );
});
