import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type AttemptState, charge, waitFor } from "./backoff.ts";

const POLICY = { free: 3, firstDelayMs: 1000, maxDelayMs: 60_000 };
const FORGET = 86_400_000;
const FRESH: AttemptState = { failures: 0, lastAttemptAt: 0, blockedUntil: null };

test("the free attempts cost nothing, then each doubles the wait up to the cap", () => {
  let state = FRESH;
  const waits: number[] = [];
  for (let i = 0; i < 11; i += 1) {
    state = charge(state, POLICY, FORGET, 0);
    waits.push(waitFor(state, 0));
  }
  assert.deepEqual(waits, [0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test("time forgets", () => {
  let state = FRESH;
  for (let i = 0; i < 10; i += 1) state = charge(state, POLICY, FORGET, 0);
  assert.equal(waitFor(state, 60_000), 0);
  assert.equal(charge(state, POLICY, FORGET, FORGET).failures, 11);
  assert.equal(charge(state, POLICY, FORGET, FORGET + 1).failures, 1);
});

test("the wait never passes the cap and never shrinks with more failures", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 30), fc.nat(), (failures, now) => {
      const state = { failures, lastAttemptAt: now, blockedUntil: null };
      const one = charge(state, POLICY, FORGET, now);
      const two = charge(one, POLICY, FORGET, now);
      assert.ok(waitFor(one, now) <= waitFor(two, now) && waitFor(two, now) <= POLICY.maxDelayMs);
    }),
  );
});
