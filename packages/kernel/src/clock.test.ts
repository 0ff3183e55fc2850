import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "./clock.ts";
import { systemRandom, unsafeSeededRandom } from "./random.ts";

test("a manual clock advances both faces; a jump moves the wall clock alone", () => {
  const clock = manualClock(1000);
  clock.advance(250);
  clock.jump(-5000);
  assert.equal(clock.now(), -3750);
  assert.equal(clock.monotonic(), 250);
  assert.throws(() => clock.advance(-1), TypeError);
});

test("system randomness crosses the platform's limit of one call", () => {
  const bytes = systemRandom.bytes(200_000);
  assert.equal(bytes.length, 200_000);
  assert.ok(bytes.subarray(-64).some((byte) => byte !== 0));
});

test("seeded randomness repeats for a seed and differs between seeds", () => {
  assert.deepEqual(unsafeSeededRandom(7).bytes(32), unsafeSeededRandom(7).bytes(32));
  assert.notDeepEqual(unsafeSeededRandom(7).bytes(32), unsafeSeededRandom(8).bytes(32));
});
