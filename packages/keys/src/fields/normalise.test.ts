import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { normaliseEmail, normalisePhone, normaliseText } from "./normalise.ts";

const anyText = fc.oneof(fc.string({ unit: codePoint }), fc.string({ unit: "grapheme" }), fc.string());

test("a phone number has one spelling, however it is written", () => {
  const written = [
    "+33 6 12 34 56 78",
    "0033612345678",
    "+33 (0)6-12.34.56.78",
    "\u00a0+33\u202f6 12 34 56 78",
  ];
  for (const text of written) assert.equal(normalisePhone(text), "+33612345678", text);
});

test("what is no international number is refused, never guessed", () => {
  const hostile = [
    "0612345678",
    "+",
    "+0612345678",
    "+336x12345678",
    "+33612345678901234",
    "+1 2345",
    "١٢٣٤٥٦٧٨٩",
    "++33612345678",
  ];
  for (const text of [...hostile, "+3361234567\u0668", "+33612345678;ext=1", "1".repeat(100)])
    assert.equal(normalisePhone(text), null, text);
});

test("an e-mail address has one spelling", () => {
  assert.equal(normaliseEmail(" Anne.Martin@Example.ORG "), "anne.martin@example.org");
  assert.equal(normaliseEmail("re\u0301mi@bücher.example"), "rémi@xn--bcher-kva.example");
  assert.equal(normaliseEmail("a+tag@sub.example.org"), "a+tag@sub.example.org");
});

test("a homograph keeps an address of its own", () => {
  assert.notEqual(normaliseEmail("аnne@example.org"), normaliseEmail("anne@example.org"));
  assert.notEqual(normaliseEmail("anne@exаmple.org"), normaliseEmail("anne@example.org"));
});

test("what is no e-mail address is refused", () => {
  const hostile = [
    "",
    "@",
    "a@",
    "@b.org",
    "a@b",
    "a b@c.org",
    "a\u200b@c.org",
    "a@c..org",
    "a@127.0.0.1",
    "a@[::1]",
    ".a@c.org",
  ];
  const tricky = [
    "a.@c.org",
    "a..b@c.org",
    '"a"@c.org',
    "a@c.org\nBcc: x@y.org",
    "a\u202e@c.org",
    "a@-c.org",
    "a@c.org.",
    "a@c.123",
  ];
  for (const text of [
    ...hostile,
    ...tricky,
    `${"a".repeat(65)}@c.org`,
    `a@${"b".repeat(64)}.org`,
    "\ud800@c.org",
  ])
    assert.equal(normaliseEmail(text), null, text);
});

test("a text is equal to itself in another case, spacing and Unicode form", () => {
  assert.equal(normaliseText("  Straße\t12 "), normaliseText("STRASSE 12"));
  assert.equal(normaliseText("Ａnne\u200b"), "anne");
  assert.equal(normaliseText("\u200b \n"), null);
});

test("a normal form is its own normal form", () => {
  for (const normalise of [normaliseEmail, normalisePhone, normaliseText]) {
    fc.assert(
      fc.property(anyText, (text) => {
        const normal = normalise(text);
        if (normal !== null) assert.equal(normalise(normal), normal);
      }),
      { numRuns: 2_000 },
    );
  }
  const part = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(part, part, (local, domain) => {
      const normal = normaliseEmail(`${local}@${domain}.org`);
      if (normal !== null) assert.equal(normaliseEmail(normal), normal);
    }),
    { numRuns: 2_000 },
  );
});

test("long texts are refused in a time that grows no faster than they do", () => {
  for (const hostile of ["a.", " ", "(0)", "@", "+1", "e\u0301"]) {
    const text = hostile.repeat(200_000);
    for (const normalise of [normaliseEmail, normalisePhone, normaliseText])
      assert.equal(normalise(text), null);
  }
});
