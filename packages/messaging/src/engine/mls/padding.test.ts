import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LIMITS } from "../../contract/index.ts";
import { paddedLength } from "./padding.ts";

test("padding covers the body, never shrinks, and costs less than the larger of 256 bytes, double, and 4 KiB", () => {
  const length = fc.nat(60_000);
  fc.assert(
    fc.property(length, length, (a, b) => {
      const padded = paddedLength(a);
      assert.ok(padded >= a + 70 && padded <= Math.max(256, Math.min(2 * (a + 70), a + 70 + 4096)));
      if (a <= b) assert.ok(padded <= paddedLength(b));
    }),
  );
});

test("there are few lengths to tell apart", () => {
  const lengths = new Set(
    Array.from({ length: LIMITS.applicationMessageBytes }, (_, body) => paddedLength(body)),
  );
  assert.ok(lengths.size <= 21, `${lengths.size}`);
});
