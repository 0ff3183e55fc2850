import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type LockedSession, type LockTree, lockTrees } from "./locks.ts";

function session(pid: number, blockedBy: readonly number[]): LockedSession {
  return {
    pid,
    blockedBy,
    application: "",
    state: "active",
    waitMs: 0,
    transactionMs: 0,
    waitsFor: null,
    query: "",
  };
}

function shape({ session: { pid }, waiting }: LockTree): unknown {
  return waiting.length === 0 ? pid : [pid, ...waiting.map(shape)];
}

test("those that wait hang below those they wait for", () => {
  const trees = lockTrees([
    session(1, []),
    session(2, [1]),
    session(3, [2]),
    session(4, [1]),
    session(9, []),
  ]);
  assert.deepEqual(trees.map(shape), [[1, [2, 3], 4], 9]);
});

test("a ring, and a holder that nobody can see, are told as well", () => {
  assert.deepEqual(lockTrees([session(1, [2]), session(2, [1])]).map(shape), [[1, 2]]);
  assert.deepEqual(lockTrees([session(5, [77])]).map(shape), [5]);
});

test("however they wait for each other, each session stands in one place", () => {
  const waits = fc.array(fc.array(fc.nat({ max: 12 }), { maxLength: 3 }), { maxLength: 12 });
  fc.assert(
    fc.property(waits, (by) => {
      const sessions = by.map((blockedBy, pid) => session(pid, blockedBy));
      const places = (trees: readonly LockTree[]): number[] =>
        trees.flatMap((tree) => [tree.session.pid, ...places(tree.waiting)]);
      assert.deepEqual(
        places(lockTrees(sessions)).toSorted((a, b) => a - b),
        sessions.map(({ pid }) => pid),
      );
    }),
  );
});
