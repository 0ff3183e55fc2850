import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { codePoint } from "./code-point.ts";

test("each is one code point of a well-formed text", () => {
  fc.assert(
    fc.property(codePoint, (text) => {
      assert.equal([...text].length, 1);
      assert.ok(text.isWellFormed());
    }),
  );
});

test("the first, the last and both beside the surrogates are among them, and texts are found again to be shrunk", () => {
  for (const text of ["\0", "\ud7ff", "\ue000", "\u{10ffff}"])
    assert.ok(codePoint.canShrinkWithoutContext(text), text);
  for (const other of ["", "ab", "\ud800", "\udfff"])
    assert.ok(!codePoint.canShrinkWithoutContext(other), other);
  const failing = fc.check(
    fc.property(fc.string({ unit: codePoint, minLength: 20 }), () => false),
    { seed: 1 },
  );
  assert.deepEqual(failing.counterexample, ["\0".repeat(20)]);
});
