import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { normaliseName, plainText, searchForm } from "./names.ts";

test("names of the world are kept, in one composition", () => {
  for (const name of ["Zoë", "李小龍", "Ñandú", "O’Brien-Łuczak", "نجيب محفوظ", "🛡️", "x".repeat(80)]) {
    assert.equal(normaliseName(` ${name.normalize("NFD")} `), name.normalize("NFC"));
  }
});

test("what nobody can see, or what moves the text around it, is no name", () => {
  for (const name of [
    "",
    "  ",
    "\u200b",
    "a\nb",
    "a\0",
    "\u202eadA",
    "a\u2066b",
    "\udc00",
    "x".repeat(81),
    "é".repeat(1e6),
  ]) {
    assert.equal(normaliseName(name), null, JSON.stringify(name.slice(0, 20)));
  }
});

test("a name that was taken is taken as it is, and can be stored and searched", () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint, maxLength: 100 }), (input) => {
      const name = normaliseName(input);
      if (name === null) return;
      assert.equal(normaliseName(name), name);
      assert.ok(name.length <= 80 && name.isWellFormed());
      assert.equal(searchForm(searchForm(name)), searchForm(name));
    }),
    { numRuns: 2000 },
  );
});

test("stored headers are well-formed, bounded and free of control characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint, maxLength: 300 }), fc.nat(64), (text, limit) => {
      const plain = plainText(text, limit);
      assert.ok(plain.length <= limit && plain.isWellFormed());
      assert.doesNotMatch(plain, /\p{Cc}/u);
    }),
  );
});
