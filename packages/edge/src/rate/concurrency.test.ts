import assert from "node:assert/strict";
import { test } from "node:test";
import { type ManualClock, manualClock } from "@rempart/kernel";
import fc from "fast-check";
import { type ConcurrencyLimit, createConcurrencyLimit } from "./concurrency.ts";

const FLOOR = 4;
const CEILING = 200;

interface Service {
  /** Milliseconds a request takes alone. */
  readonly alone: number;
  /** Requests it works on at once; more of them wait in line. */
  readonly workers: number;
}

/** A service with a queue, offered `demand` requests at a time: rounds in which everything admitted is answered. */
function serve(
  limit: ConcurrencyLimit,
  clock: ManualClock,
  service: Service,
  demand: number,
  rounds: number,
) {
  let most = 0;
  for (let round = 0; round < rounds; round += 1) {
    let admitted = 0;
    while (admitted < demand && limit.acquire()) admitted += 1;
    most = Math.max(most, admitted);
    const latency = service.alone * Math.max(1, admitted / service.workers);
    clock.advance(latency);
    for (let i = 0; i < admitted; i += 1) limit.release(latency);
    if (admitted === 0) clock.advance(service.alone);
  }
  return most;
}

function setUp() {
  const clock = manualClock();
  const limit = createConcurrencyLimit({ clock, floor: FLOOR, ceiling: CEILING });
  return { clock, limit };
}

test("an overloaded service settles near what it can do at once, and stays there for hours", () => {
  const { clock, limit } = setUp();
  const service = { alone: 20, workers: 30 };
  serve(limit, clock, service, 1000, 20_000);
  for (let hour = 0; hour < 6; hour += 1) {
    const most = serve(limit, clock, service, 1000, 40_000);
    assert.ok(most >= 30 && most <= 90, `${most} at once in hour ${hour}`);
    assert.equal(limit.stats().baselineMs, 20, "the yardstick has not moved");
  }
});

test("without traffic that uses it, the limit does not grow", () => {
  const { clock, limit } = setUp();
  serve(limit, clock, { alone: 10, workers: 1000 }, 6, 100_000);
  assert.equal(limit.stats().limit, 50, `${limit.stats().limit}`);
});

test("a service that is fast enough is given room up to the ceiling, never beyond", () => {
  const { clock, limit } = setUp();
  const most = serve(limit, clock, { alone: 10, workers: 100_000 }, 10_000, 50_000);
  assert.equal(most, CEILING);
});

test("a dependency that times out for everyone lowers the limit to the floor, and not below", () => {
  const { clock, limit } = setUp();
  serve(limit, clock, { alone: 10, workers: 1000 }, 100, 5000);
  assert.ok(limit.stats().limit > FLOOR);
  serve(limit, clock, { alone: 5000, workers: 100_000 }, 100, 40);
  assert.equal(limit.stats().limit, FLOOR);
  assert.ok((limit.stats().baselineMs ?? 0) < 100, "five seconds are not the new normal after three minutes");
});

test("whatever latencies come, the limit stays between its bounds and what is under way within the limit", () => {
  const latency = fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constant(null));
  const step = fc.record({
    demand: fc.integer({ min: 0, max: 300 }),
    latency,
    wait: fc.integer({ max: 5000, min: 0 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { clock, limit } = setUp();
      for (const { demand, latency, wait } of steps) {
        let admitted = 0;
        while (admitted < demand && limit.acquire()) admitted += 1;
        assert.ok(admitted <= CEILING);
        assert.ok(admitted >= Math.min(demand, FLOOR), "the floor is always served");
        clock.advance(wait);
        for (let i = 0; i < admitted; i += 1) limit.release(latency);
        const stats = limit.stats();
        assert.equal(stats.inFlight, 0);
        assert.ok(stats.limit >= FLOOR && stats.limit <= CEILING, `${stats.limit}`);
      }
    }),
  );
});

test("a constant unloaded latency is never taken for more, under any load", () => {
  const load = fc.record({
    demand: fc.integer({ min: 1, max: 500 }),
    rounds: fc.integer({ min: 1, max: 400 }),
  });
  fc.assert(
    fc.property(fc.array(load, { maxLength: 30 }), fc.integer({ min: FLOOR, max: 60 }), (loads, workers) => {
      const { clock, limit } = setUp();
      for (const { demand, rounds } of loads) {
        serve(limit, clock, { alone: 25, workers }, demand, rounds);
        const { baselineMs } = limit.stats();
        assert.ok(baselineMs === null || baselineMs === 25, `${baselineMs}`);
      }
    }),
    { numRuns: 40 },
  );
});
