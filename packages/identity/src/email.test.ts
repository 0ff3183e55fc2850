import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { normaliseEmail } from "./email.ts";

test("one address has one spelling", () => {
  const spellings = {
    " Ada.Lovelace+x@Example.ORG ": "ada.lovelace+x@example.org",
    "a@bücher.example": "a@xn--bcher-kva.example",
    "a@BU\u0308CHER.example": "a@xn--bcher-kva.example",
    "a@ｅxample.org": "a@example.org",
    "o'hara@x.io": "o'hara@x.io",
  };
  for (const [input, email] of Object.entries(spellings)) assert.equal(normaliseEmail(input), email);
});

test("what is no address, or only looks like somebody's, is refused", () => {
  const refused = [
    "",
    "@",
    "a@",
    "@example.org",
    "a@localhost",
    "a b@example.org",
    "a@@example.org",
    ".a@example.org",
    "a..b@example.org",
    "a@example..org",
    "a@-example.org",
    "a@1.2.3.4",
    "a@[127.0.0.1]",
    "a@example.org:80",
    "a@ex%61mple.org",
    "a@exa_mple.org",
    "a\0@example.org",
    "a@example.org\0",
    "\u0430da@example.org",
    "\u212aelvin@example.org",
    "a\u200bda@example.org",
    "\ud800@example.org",
    `${"a".repeat(65)}@example.org`,
    `a@${"b".repeat(64)}.org`,
    `a@${"b.".repeat(130)}org`,
    "a".repeat(1_000_000),
  ];
  for (const input of refused) assert.equal(normaliseEmail(input), null, input.slice(0, 80));
});

test("a look-alike domain is not the one it looks like", () => {
  assert.equal(normaliseEmail("a@ex\u0430mple.org"), "a@xn--exmple-4nf.org");
});

test("the spelling is ASCII, lower case, bounded and stable", () => {
  const anything = fc.oneof(
    fc.string({ unit: codePoint }),
    fc.emailAddress(),
    fc.tuple(fc.string(), fc.string({ unit: "grapheme" })).map(([local, domain]) => `${local}@${domain}.org`),
  );
  fc.assert(
    fc.property(anything, (input) => {
      const email = normaliseEmail(input);
      if (email === null) return;
      assert.match(email, /^[!-~]{3,254}$/);
      assert.equal(email, email.toLowerCase());
      assert.equal(normaliseEmail(email), email);
    }),
    { numRuns: 3000 },
  );
});
