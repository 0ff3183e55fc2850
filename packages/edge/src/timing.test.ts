import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, unsafeSeededRandom } from "@rempart/kernel";
import fc from "fast-check";
import { createTimingFloor } from "./timing.ts";

function subject(jitterMs: number, seed = 1) {
  const clock = manualClock();
  const sleep = async (milliseconds: number) => clock.advance(milliseconds);
  const protect = createTimingFloor({
    floorMs: 100,
    jitterMs,
    clock,
    random: unsafeSeededRandom(seed),
    sleep,
  });
  return { clock, protect };
}

test("a quick answer, a slow one and a failure all take the same time", async () => {
  for (const work of [0, 3, 99]) {
    for (const fails of [false, true]) {
      const { clock, protect } = subject(0);
      const outcome = protect(async () => {
        clock.advance(work);
        if (fails) throw new Error("wrong password");
        return "welcome";
      });
      if (fails) await assert.rejects(outcome, /wrong password/);
      else assert.equal(await outcome, "welcome");
      assert.equal(clock.monotonic(), 100);
    }
  }
});

test("the jitter does not depend on the work, and stays within its bound", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.nat(99), async (seed, work) => {
      const { clock, protect } = subject(20, seed);
      await protect(async () => clock.advance(work));
      const idle = subject(20, seed);
      await idle.protect(async () => undefined);
      assert.ok(Math.abs(clock.monotonic() - idle.clock.monotonic()) < 1e-6);
      assert.ok(clock.monotonic() >= 100 && clock.monotonic() < 120);
    }),
    { numRuns: 50 },
  );
});

test("work above the floor is not made slower", async () => {
  const { clock, protect } = subject(20);
  await protect(async () => clock.advance(500));
  assert.equal(clock.monotonic(), 500);
});

test("a floor that protects nothing is refused", () => {
  for (const floorMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => createTimingFloor({ floorMs, clock: manualClock(), random: unsafeSeededRandom(1) }),
      TypeError,
    );
  }
});
