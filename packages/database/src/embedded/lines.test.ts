import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lineReader } from "./lines.ts";

function read(text: string, cuts: readonly number[]): string[] {
  const lines: string[] = [];
  const reader = lineReader((line) => lines.push(line));
  const bytes = Buffer.from(text);
  const at = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  for (const [index, start] of at.entries()) reader(bytes.subarray(start, at[index + 1] ?? bytes.length));
  return lines;
}

test("lines are the same however the stream is cut, through characters too", () => {
  const line = fc
    .string({ unit: "grapheme", maxLength: 30 })
    .filter((text) => !text.includes("\n") && text.isWellFormed());
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
      const text = lines.map((each) => `${each}\n`).join("");
      assert.deepEqual(read(text, cuts), read(text, []));
      assert.equal(read(text, cuts).length, lines.length);
    }),
  );
});

test("a line without end is not kept without bound", () => {
  const lines: string[] = [];
  const reader = lineReader((line) => lines.push(line));
  for (let chunk = 0; chunk < 100; chunk += 1) reader(Buffer.alloc(100_000, "x"));
  reader(Buffer.from("\nnext\n"));
  assert.equal(lines.length, 2);
  assert.ok((lines[0] ?? "").length <= 8_192);
  assert.equal(lines[1], "next");
});
