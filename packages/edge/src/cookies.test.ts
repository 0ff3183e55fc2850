import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readCookie } from "./cookies.ts";

test("finds a cookie among others", () => {
  assert.equal(readCookie("a=1; __Host-csrf=x=y; b=2", "__Host-csrf"), "x=y");
  assert.equal(readCookie("a=1", "a"), "1");
  assert.equal(readCookie("a=", "a"), "");
  assert.equal(readCookie("ab=1; ba=2", "a"), null);
  assert.equal(readCookie("a", "a"), null);
  assert.equal(readCookie(undefined, "a"), null);
});

test("a name that occurs twice is not believed, whichever comes first", () => {
  assert.equal(readCookie("s=mine; s=planted", "s"), null);
  assert.equal(readCookie("s=planted;s=mine", "s"), null);
});

test("any header is read without throwing, and a huge one not at all", () => {
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (header) => void readCookie(header, "a")));
  assert.equal(readCookie(`a=1;${" ".repeat(20_000)}`, "a"), null);
});

test("what is written is read back", () => {
  const value = fc.string({ unit: fc.constantFrom(..."abcXYZ019-_.="), maxLength: 40 });
  fc.assert(
    fc.property(value, value, (mine, other) => {
      assert.equal(readCookie(`x=${other}; mine=${mine}; y=${other}`, "mine"), mine);
    }),
  );
});
