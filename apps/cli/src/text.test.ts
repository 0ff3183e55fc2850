import assert from "node:assert/strict";
import { test } from "node:test";
import type { LockedSession } from "@rempart/database/insights";
import fc from "fast-check";
import { lockText } from "./db/insight-tables.ts";
import { bytesText, durationText, plain } from "./text.ts";

test("sizes and times have two figures and a unit", () => {
  assert.deepEqual([0, 1023, 1024, 20 * 1024 ** 2, 5 * 1024 ** 5].map(bytesText), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "20 MiB",
    "5120 TiB",
  ]);
  assert.deepEqual([0.25, 999, 61_000, 7_200_000, 864_000_000].map(durationText), [
    "0.3 ms",
    "999 ms",
    "1.0 min",
    "2.0 h",
    "10 d",
  ]);
});

test("whatever somebody called their table stays on one line and commands nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) =>
      assert.doesNotMatch(plain(text), /[\p{Cc}\p{Cf}\u2028\u2029]/u),
    ),
  );
  assert.equal(plain("a\n\u001b[2J\u202eb"), "a \ufffd[2J\ufffdb");
  assert.equal(plain("abcdef", 4), "abc…");
});

test("those who wait for a lock stand below whom they wait for", () => {
  const session = (pid: number, waitsFor: string | null): LockedSession => ({
    pid,
    blockedBy: [],
    application: "shop",
    state: "active",
    waitMs: 1_500,
    transactionMs: 2_000,
    waitsFor,
    query: "UPDATE items",
  });
  const tree = {
    session: session(1, null),
    waiting: [{ session: session(2, "relation items"), waiting: [] }],
  };
  assert.equal(
    lockText([tree]),
    "1 shop active, transaction 2.0 s: UPDATE items\n  2 shop active, transaction 2.0 s, waits 1.5 s for relation items: UPDATE items",
  );
  assert.equal(lockText([]), "nobody waits for a lock");
});
