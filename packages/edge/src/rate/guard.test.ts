import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import type { FailureMode, RateLimitDecision, RateLimitEvent, RateLimiter } from "../ports.ts";
import { guardLimiter } from "./guard.ts";

const POLICY = { name: "p", limit: 3, windowSeconds: 60 };
const FINE: RateLimitDecision = { policy: POLICY, allowed: true, remaining: 2, resetSeconds: 60 };

function guarded(check: RateLimiter["check"], onFailure: FailureMode = "refuse", maxPending = 1000) {
  const clock = manualClock();
  const events: RateLimitEvent[] = [];
  let asked = 0;
  const limiter = guardLimiter(
    {
      check: (...args) => {
        asked += 1;
        return check(...args);
      },
    },
    { policies: [POLICY], clock, budgetMs: 5, onFailure, maxPending, observe: (event) => events.push(event) },
  );
  return { clock, events, limiter, asked: () => asked };
}

const frozen = () => new Promise<RateLimitDecision>(() => {});

test("each failure mode does what it says", async () => {
  for (const fault of [
    frozen,
    () => Promise.reject(new TypeError("network")),
    () => Promise.reject("text"),
  ]) {
    const outcomes = async (mode: FailureMode) => {
      const { limiter } = guarded(fault, mode);
      const decisions = [];
      for (let i = 0; i < 4; i += 1) decisions.push(await limiter.check("k", "p"));
      assert.ok(decisions.every(({ failure }) => failure?.mode === mode && failure.cause instanceof Error));
      return decisions.map(({ allowed }) => allowed);
    };
    assert.deepEqual(await outcomes("allow"), [true, true, true, true]);
    assert.deepEqual(await outcomes("refuse"), [false, false, false, false]);
    assert.deepEqual(await outcomes("local"), [true, true, true, false]);
  }
});

test("after five failures the store is left alone but for probes ever further apart; one good answer ends it", async () => {
  let isBroken = true;
  const { clock, events, limiter, asked } = guarded(async () => {
    if (isBroken) throw new Error("down");
    return FINE;
  });
  for (let i = 0; i < 100; i += 1) await limiter.check("k", "p");
  assert.equal(asked(), 5);
  assert.equal(events.length, 1);
  for (let second = 0; second < 60; second += 1) {
    clock.advance(1000);
    for (let i = 0; i < 50; i += 1) await limiter.check("k", "p");
  }
  assert.ok(asked() > 10 && asked() < 25, `${asked()} calls in a minute`);
  isBroken = false;
  clock.advance(5000);
  assert.equal(await limiter.check("k", "p"), FINE);
  assert.equal(await limiter.check("k", "p"), FINE);
  const [down, up] = events;
  assert.ok(down?.kind === "store-down" && down.cause.message === "down" && down.onFailure === "refuse");
  assert.ok(up?.kind === "store-up" && up.downMs === 65_000);
  assert.equal(up.unanswered, limiter.stats().unanswered);
  assert.equal(events.length, 2);
});

test("calls that are never answered do not pile up, and are forgotten once the store answers", async () => {
  let isFrozen = true;
  const { clock, events, limiter, asked } = guarded(async () => (isFrozen ? frozen() : FINE), "allow", 10);
  await Promise.all(Array.from({ length: 500 }, () => limiter.check("k", "p")));
  assert.equal(asked(), 10);
  assert.equal(limiter.stats().pending, 10);
  assert.ok(limiter.stats().down);
  isFrozen = false;
  clock.advance(5000);
  assert.equal(await limiter.check("k", "p"), FINE);
  await Promise.resolve();
  assert.equal(limiter.stats().pending, 0);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["store-down", "store-up"],
  );
});

test("a limiter that answers at once is passed through", () => {
  const { limiter } = guarded(() => FINE);
  assert.equal(limiter.check("k", "p"), FINE);
});

test("misuse is not a failure of the store", () => {
  const { limiter, asked } = guarded(() => FINE, "allow");
  assert.throws(() => limiter.check("k", "unknown"), TypeError);
  assert.throws(() => limiter.check("k", "p", -1), TypeError);
  assert.equal(asked(), 0);
});
