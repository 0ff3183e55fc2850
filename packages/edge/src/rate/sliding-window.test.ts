import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import fc from "fast-check";
import { createMemoryLimiter } from "../stores/memory.ts";

const WINDOW_SECONDS = 60;
const LIMIT = 20;

function limiter(options: { limit?: number; maxKeys?: number } = {}) {
  const clock = manualClock();
  const policies = [{ name: "p", limit: options.limit ?? LIMIT, windowSeconds: WINDOW_SECONDS }];
  return {
    clock,
    ...createMemoryLimiter({ policies, clock, ...(options.maxKeys && { maxKeys: options.maxKeys }) }),
  };
}

test("accepts up to the limit, then says how long to wait, and keeps its word", () => {
  const { clock, check } = limiter();
  for (let i = 1; i <= LIMIT; i += 1) {
    const decision = check("a", "p");
    assert.ok(decision.allowed);
    assert.equal(decision.remaining, LIMIT - i);
  }
  const refused = check("a", "p");
  assert.ok(!refused.allowed);
  assert.equal(refused.remaining, 0);
  clock.advance(refused.resetSeconds * 1000 - 1001);
  assert.ok(!check("a", "p").allowed, "a second early is too early");
  clock.advance(1001);
  assert.ok(check("a", "p").allowed);
});

test("keys and policies do not touch each other", () => {
  const clock = manualClock();
  const policies = [
    { name: "tight", limit: 1, windowSeconds: 1 },
    { name: "wide", limit: 5, windowSeconds: 1 },
  ];
  const { check } = createMemoryLimiter({ policies, clock });
  assert.ok(check("a", "tight").allowed);
  assert.ok(!check("a", "tight").allowed);
  assert.ok(check("b", "tight").allowed);
  assert.ok(check("a", "wide").allowed);
  assert.throws(() => check("a", "unknown"), TypeError);
});

test("a call may cost more than one, and a refused call costs nothing", () => {
  const { check } = limiter();
  assert.ok(check("a", "p", LIMIT - 1).allowed);
  assert.ok(!check("a", "p", 2).allowed);
  assert.ok(check("a", "p", 1).allowed);
  assert.ok(!check("b", "p", LIMIT + 1).allowed);
});

test("no window, wherever it starts, holds more than the limit; quota comes back within a slot of its time", () => {
  const step = fc.record({
    wait: fc.integer({ min: 0, max: 20_000 }),
    calls: fc.integer({ min: 1, max: 30 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, check } = limiter();
      const accepted: number[] = [];
      for (const { wait, calls } of steps) {
        clock.advance(wait);
        for (let i = 0; i < calls; i += 1) {
          const now = clock.monotonic();
          const { allowed } = check("a", "p");
          const inWindow = accepted.filter((at) => at > now - WINDOW_SECONDS * 1000).length;
          const inWiderWindow = accepted.filter((at) => at > now - (WINDOW_SECONDS * 1000 * 16) / 15).length;
          if (allowed) assert.ok(inWindow < LIMIT, `${inWindow + 1} in one window`);
          else assert.ok(inWiderWindow >= LIMIT, "refused without need");
          if (allowed) accepted.push(now);
        }
      }
    }),
  );
});

test("idle keys go by themselves, and a flood of keys stays within the bound", () => {
  const { clock, check, stats } = limiter({ maxKeys: 1000 });
  for (let i = 0; i < 400; i += 1) check(`a${i}`, "p");
  clock.advance(WINDOW_SECONDS * 3000);
  check("b", "p");
  clock.advance(WINDOW_SECONDS * 3000);
  check("c", "p");
  assert.ok(stats().keys <= 2, `${stats().keys} keys left`);
  assert.equal(stats().forgotten, 0);
  for (let i = 0; i < 50_000; i += 1) check(`flood${i}`, "p");
  assert.ok(stats().keys <= 1000);
  assert.ok(stats().forgotten > 0);
});

test("a key that keeps asking stays limited while other keys come and go", () => {
  const { clock, check } = limiter({ limit: 5 });
  let accepted = 0;
  for (let second = 0; second < 59; second += 1) {
    if (check("steady", "p").allowed) accepted += 1;
    for (let i = 0; i < 50; i += 1) check(`other-${second}-${i}`, "p");
    clock.advance(1000);
  }
  assert.equal(accepted, 5);
});

test("a jump of the wall clock changes nothing", () => {
  const { clock, check } = limiter({ limit: 1 });
  check("a", "p");
  clock.jump(3_600_000);
  assert.ok(!check("a", "p").allowed);
  clock.jump(-7_200_000);
  assert.ok(!check("a", "p").allowed);
});
