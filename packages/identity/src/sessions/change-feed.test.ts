import assert from "node:assert/strict";
import { test } from "node:test";
import type { Queryable } from "@rempart/database";
import { manualClock } from "@rempart/kernel";
import { ChangeFeed, type IdentityChange } from "./change-feed.ts";

const HOUR = 3_600_000;

/** A database that answers when told to. The SQL itself is proven against PostgreSQL in `test/sessions.test.ts`. */
function scripted() {
  const asked: { since: unknown; answer: (rows: object[]) => void; fail: (error: Error) => void }[] = [];
  const database: Queryable = {
    query: <Row extends object>(_text: string, values?: readonly unknown[]) =>
      new Promise<Row[]>((resolve, reject) => {
        asked.push({ since: values?.[0], answer: (rows) => resolve(rows as Row[]), fail: reject });
      }),
  };
  const seen: (readonly IdentityChange[] | string)[] = [];
  const clock = manualClock();
  const feed = new ChangeFeed(database, clock, {
    apply: (changes) => seen.push(changes),
    reset: (why) => seen.push(why),
  });
  return { asked, seen, clock, feed };
}

function row(snapshot: string, userId: string | null) {
  return { snapshot, id: userId && `of ${userId}`, user_id: userId, session_id: null, reason: null };
}

test("the first read sets the beginning; later ones ask from the last snapshot", async () => {
  const { asked, seen, feed, clock } = scripted();
  assert.equal(feed.age, Number.POSITIVE_INFINITY);
  const first = feed.sync();
  clock.advance(5);
  asked[0]?.answer([row("10:10:", null)]);
  await first;
  assert.equal(feed.age, 5, "a read is as old as its beginning");
  const second = feed.sync();
  assert.equal(asked[1]?.since, "10:10:");
  asked[1]?.answer([row("12:14:12", "u1"), row("12:14:12", "u2")]);
  await second;
  assert.deepEqual(seen[0], "first-read");
  assert.deepEqual(
    (seen[1] as readonly IdentityChange[]).map(({ userId }) => userId),
    ["u1", "u2"],
  );
});

test("callers share reads: one runs, one waits, and each caller gets a read that began after its call", async () => {
  const { asked, feed } = scripted();
  const early = feed.sync();
  const later = [feed.sync(), feed.sync(), feed.sync()];
  assert.equal(asked.length, 1);
  asked[0]?.answer([row("1:1:", null)]);
  await early;
  const between = feed.sync();
  await new Promise(setImmediate);
  assert.equal(asked.length, 2, "never two at once");
  asked[1]?.answer([row("2:2:", null)]);
  await Promise.all([...later, between]);
  assert.equal(asked.length, 2);
});

test("a failed read moves nothing: the next one asks from the same snapshot, and the age grows", async () => {
  const { asked, feed, clock } = scripted();
  const first = feed.sync();
  asked[0]?.answer([row("7:7:", null)]);
  await first;
  clock.advance(300);
  const failing = feed.sync();
  const waiting = feed.sync();
  asked[1]?.fail(new Error("gone"));
  await assert.rejects(failing, /gone/);
  assert.equal(feed.age, 300);
  await new Promise(setImmediate);
  assert.equal(asked[2]?.since, "7:7:");
  asked[2]?.answer([row("8:8:", null)]);
  await waiting;
  assert.equal(feed.age, 0);
});

test("after a long gap, and when transaction numbers went back, everything is forgotten", async () => {
  const { asked, seen, feed, clock } = scripted();
  const read = async (rows: object[]) => {
    const done = feed.sync();
    asked.at(-1)?.answer(rows);
    await done;
  };
  await read([row("500:500:", null)]);
  clock.advance(13 * HOUR);
  await read([row("900:900:", "u1")]);
  await read([row("20:20:", "u2")]);
  await read([row("21:21:", "u3")]);
  const names = seen.map((entry) =>
    typeof entry === "string" ? entry : entry.map(({ userId }) => userId).join(),
  );
  assert.deepEqual(names, ["first-read", "gap", "u1", "database-replaced", "u3"]);
});
