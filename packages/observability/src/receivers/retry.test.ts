import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, systemRandom } from "@rempart/kernel";
import fc from "fast-check";
import { type RetryPolicy, retryAfter } from "./retry.ts";

const POLICY: RetryPolicy = {
  baseMs: 1_000,
  longestMs: 60_000,
  longestAskedMs: 600_000,
  attempts: 10,
  ageMs: 3_600_000,
};
const filled = (byte: number): Random => ({ bytes: (length) => new Uint8Array(length).fill(byte) });
const again = { kind: "retry", reason: "answered 503" } as const;

test("the pause is anywhere below a bound that doubles, up to the longest", () => {
  const longest = (made: number) => retryAfter({ made, ageMs: 0 }, again, filled(255), POLICY);
  assert.deepEqual([1, 2, 3, 6, 7, 9].map(longest), [1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
  assert.equal(retryAfter({ made: 5, ageMs: 0 }, again, filled(0), POLICY), 0);
});

test("who asks for a pause has it, and the jitter on top; but not for ever", () => {
  const after = (afterMs: number) =>
    retryAfter({ made: 1, ageMs: 0 }, { ...again, afterMs }, filled(255), POLICY);
  assert.equal(after(30_000), 31_000);
  assert.equal(after(Number.MAX_SAFE_INTEGER), 601_000);
});

test("what is refused, too old, or tried too often is a dead letter", () => {
  const first = { made: 1, ageMs: 0 };
  assert.equal(retryAfter(first, { kind: "refused", reason: "answered 404" }, filled(0), POLICY), null);
  assert.equal(retryAfter({ made: 10, ageMs: 0 }, again, filled(0), POLICY), null);
  assert.equal(retryAfter({ made: 1, ageMs: 3_599_500 }, again, filled(255), POLICY), null);
});

test("unless told otherwise it ends, within a day", () => {
  fc.assert(
    fc.property(fc.option(fc.nat(10_000_000)), (asked) => {
      let ageMs = 0;
      for (let made = 1; ; made += 1) {
        const delivery = asked === null ? again : { ...again, afterMs: asked };
        const pause = retryAfter({ made, ageMs }, delivery, systemRandom);
        if (pause === null) break;
        ageMs += pause;
        assert.ok(made <= 100 && pause >= 0);
      }
      assert.ok(ageMs <= 86_400_000);
    }),
  );
});
