import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AVATAR_TONES, avatarTone, initials } from "./avatar-tone.ts";

test("an id keeps its tone, and every tone exists in the theme", () => {
  fc.assert(
    fc.property(fc.string(), (id) => {
      const tone = avatarTone(id);
      assert.equal(tone, avatarTone(id));
      assert.ok(Number.isInteger(tone) && tone >= 0 && tone < AVATAR_TONES);
    }),
  );
});

test("ids spread over all tones", () => {
  const seen = new Set(Array.from({ length: 200 }, (_, i) => avatarTone(`0199-${i}`)));
  assert.equal(seen.size, AVATAR_TONES);
});

test("initials are the first letters of the first and the last word", () => {
  assert.equal(initials("Ada Lovelace"), "AL");
  assert.equal(initials("jean-baptiste de la salle"), "JS");
  assert.equal(initials("Zoé"), "Z");
  assert.equal(initials("  émile   zola "), "ÉZ");
});

test("initials take whole characters of any script", () => {
  assert.equal(initials("山田 太郎"), "山太");
  assert.equal(initials("👩‍🚀"), "👩‍🚀");
  assert.equal(initials(""), "·");
});

test("initials never fail and never grow long", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      const letters = [...new Intl.Segmenter().segment(initials(name))];
      assert.ok(letters.length >= 1 && letters.length <= 4);
    }),
  );
});
