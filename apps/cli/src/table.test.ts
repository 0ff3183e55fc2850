import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { table } from "./table.ts";

test("columns stand below each other", () => {
  assert.equal(
    table([
      ["a", "b"],
      ["long", ""],
      ["x", "y"],
    ]),
    "a     b\nlong\nx     y",
  );
});

test("whatever a cell holds, a row is a line, and no sign in it commands the terminal", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("\u001b[2J", "\u009b31m", "a\nb", "\u202egnp.exe", "\ud800"),
  );
  const rows = fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(rows, (cells) => {
      const lines = table(cells).split("\n");
      assert.equal(lines.length, cells.length);
      for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});
