import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maskAddress, maskCard, maskEmail, maskIban, maskName, maskPhone } from "./mask.ts";

const MASKS = { maskAddress, maskCard, maskEmail, maskIban, maskName, maskPhone };

test("each mask shows what its line says", () => {
  assert.equal(maskName("Anne Martin"), "A••• M•••");
  assert.equal(maskEmail("anne@example.org"), "a•••@example.org");
  assert.equal(maskPhone("+33 6 12 34 56 78"), "+3••••••••78");
  assert.equal(maskPhone("06 12 34 56 78"), "••••••••78");
  assert.equal(maskCard("4242 4242 4242 4242"), "•••• 4242");
  assert.equal(maskIban("fr14 2004 1010 0505 0001 3m02 606"), "FR•• •••• 2606");
  assert.equal(maskAddress("12 rue des Lilas\n75011 Paris\nFrance"), "•••, France");
});

test("graphemes stay whole", () => {
  assert.equal(maskName("👩‍👩‍👧x 🇫🇷x ñandú"), "👩‍👩‍👧••• 🇫🇷••• ñ•••");
  assert.equal(maskEmail("é́lise@example.org"), "é́•••@example.org");
});

test("a word of one letter, and a tower of marks, are hidden whole", () => {
  assert.equal(maskName("李 明"), "••• •••");
  assert.equal(maskEmail("a@example.org"), "•••@example.org");
  assert.equal(maskName(`a${"\u0301".repeat(500)}nne`), "•••");
});

test("what has not the expected shape is hidden whole", () => {
  assert.equal(maskEmail("marker"), "•••");
  assert.equal(maskEmail("marker marker@example.org"), "•••");
  assert.equal(maskPhone("12345"), "•••");
  assert.equal(maskCard("4242"), "•••");
  assert.equal(maskCard("marker-424242424242"), "•••");
  assert.equal(maskIban("marker"), "•••");
  assert.equal(maskAddress("12 rue des Lilas"), "•••");
  assert.equal(maskAddress("rue des Lilas, 75011 Paris"), "•••");
});

test("no mask lets a control or a directional mark through, or half a surrogate pair", () => {
  const hostile = fc.string({
    unit: fc.constantFrom("a", "\u202e", "\0", "\u001b[2J", "\r", "\u2028", "\ud800", "@", ",", "é", "1"),
  });
  for (const [name, mask] of Object.entries(MASKS)) {
    fc.assert(
      fc.property(hostile, (text) => {
        const masked = mask(text);
        assert.ok(masked.isWellFormed(), name);
        assert.doesNotMatch(masked, /[\p{Bidi_Control}\p{Cc}\p{Zl}\p{Zp}]/u, name);
      }),
      { numRuns: 500 },
    );
  }
});

test("a secret middle never shows", () => {
  const secret = fc.string({ unit: fc.constantFrom("3", "5", "7", "9"), minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(secret, (middle) => {
      const shown = [
        maskPhone(`+10${middle}00`),
        maskCard(`1111${middle}1111`),
        maskIban(`FR00${middle}000000001111`),
      ];
      for (const text of shown) assert.doesNotMatch(text, /[3579]/);
    }),
  );
});
