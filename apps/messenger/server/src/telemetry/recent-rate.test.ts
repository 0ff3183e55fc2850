import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import { RecentRate } from "./recent-rate.ts";

const MINUTE = 60_000;

test("an hour is remembered to the minute, and what is older is not", () => {
  const clock = manualClock();
  const rate = new RecentRate(clock);
  assert.equal(rate.percent(), null, "nothing was counted");
  for (const hit of [true, true, true, false]) rate.count(hit);
  assert.equal(rate.percent(), 75);
  clock.advance(30 * MINUTE);
  for (let i = 0; i < 4; i++) rate.count(false);
  assert.equal(rate.percent(), 37.5);
  clock.advance(30 * MINUTE);
  assert.equal(rate.percent(), 0, "the first minute is an hour ago");
  clock.advance(60 * MINUTE);
  assert.equal(rate.percent(), null);
  rate.count(true);
  assert.equal(rate.percent(), 100, "a slot is used again from nothing");
});
