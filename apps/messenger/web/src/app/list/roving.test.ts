import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rovingTarget } from "./roving.ts";

test("arrows move by one and stop at the ends; Home and End go there", () => {
  assert.equal(rovingTarget("ArrowDown", 3, 10), 4);
  assert.equal(rovingTarget("ArrowDown", 9, 10), 9);
  assert.equal(rovingTarget("ArrowUp", 0, 10), 0);
  assert.equal(rovingTarget("Home", 7, 10), 0);
  assert.equal(rovingTarget("End", 2, 10), 9);
});

test("other keys and empty lists lead nowhere", () => {
  assert.equal(rovingTarget("a", 3, 10), null);
  assert.equal(rovingTarget("ArrowDown", 0, 0), null);
});

test("a target is always a row", () => {
  const keys = fc.constantFrom("ArrowDown", "ArrowUp", "Home", "End");
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 500 }), fc.nat(499), (key, count, from) => {
      const target = rovingTarget(key, Math.min(from, count - 1), count);
      assert.ok(target !== null && target >= 0 && target < count);
    }),
  );
});
