import assert from "node:assert/strict";
import { test } from "node:test";
import { askBreaker, type Breaker, CLOSED, tellBreaker } from "./breaker.ts";

const rules = { windowMs: 1000, minimum: 4, threshold: 0.5, openMs: 100 };

function after(outcomes: readonly boolean[], from: Breaker = CLOSED, now = 0): Breaker {
  return outcomes.reduce((breaker, succeeded) => tellBreaker(breaker, succeeded, now, rules), from);
}

test("opens at the threshold, never below the minimum of requests", () => {
  assert.equal(after([false, false, false]).kind, "closed");
  assert.equal(after([true, true, true, false]).kind, "closed");
  assert.equal(after([true, true, false, false]).kind, "open");
});

test("failures of an earlier window do not count", () => {
  const old = after([false, false, false]);
  assert.equal(tellBreaker(old, false, 1000, rules).kind, "closed");
});

test("open refuses until its time, then lets one through, whose end decides", () => {
  const open = after([false, false, false, false]);
  assert.equal(askBreaker(open, 99, rules).allowed, false);
  const asked = askBreaker(open, 100, rules);
  assert.equal(asked.allowed, true);
  assert.equal(asked.breaker.kind, "half-open");
  assert.equal(askBreaker(asked.breaker, 150, rules).allowed, false);
  assert.equal(tellBreaker(asked.breaker, true, 160, rules).kind, "closed");
  assert.deepEqual(tellBreaker(asked.breaker, false, 160, rules), { kind: "open", until: 260 });
});

test("a probe that never ends is replaced", () => {
  const half = askBreaker(after([false, false, false, false]), 100, rules).breaker;
  assert.equal(askBreaker(half, 200, rules).allowed, true);
});

test("what ends late, from before the opening, does not close it", () => {
  const open = after([false, false, false, false]);
  assert.equal(tellBreaker(open, true, 50, rules), open);
});
