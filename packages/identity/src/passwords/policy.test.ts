import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { normalisePassword, passwordWeakness } from "./policy.ts";

const ANN = { email: "ann.miller@example.org", name: "Ann Müller", context: ["Rempart"] };

test("long and unguessable is enough: no rule asks for kinds of characters", () => {
  for (const password of [
    "tangerine umbrella",
    "correcthorsebatterystaple",
    "мой старый велосипед",
    "🦊🐢🍋🚲🎻🌋🧊🪁",
    "kZ7#pv2Lq9",
    "ann likes long walks",
    "x9$Kw2!mQzR",
    "   two  spaces  ",
    "мой пароль love",
    "4829 1047 love 5561 9912",
  ]) {
    assert.equal(passwordWeakness(password, ANN), null, password);
  }
});

test("too short, too long, and what is not text", () => {
  assert.equal(passwordWeakness("k7#pv2L", ANN), "too-short");
  assert.equal(passwordWeakness("🦊🐢🍋🚲", ANN), "too-short");
  assert.equal(passwordWeakness("kZ7#pv2Lq9".repeat(26), ANN), "too-long");
  assert.equal(passwordWeakness("kZ7#pv2Lq9".repeat(100_000), ANN), "too-long");
  assert.equal(passwordWeakness("kZ7#pv2L\ud800q9", ANN), "malformed");
  assert.equal(normalisePassword("ﷺ".repeat(256)), null, "grows past the bound when normalised");
});

test("common passwords, also dressed up", () => {
  for (const password of [
    "password",
    "Password123!",
    "P@ssw0rd",
    "pa55word",
    "Sunshine2024",
    "!!football!!",
    "１２３４５６７８",
    "iloveyou1",
    "qwertyuiop",
    "aaaaaaaaaaaa",
    "abababababab",
    "abcdefghijkl",
    "87654321",
    "11112222",
  ]) {
    assert.equal(passwordWeakness(password, ANN), "common", password);
  }
});

test("what is built on the person's own words or the installation's", () => {
  for (const password of [
    "annmiller1",
    "ANN.MILLER@example.org",
    "Müller#42",
    "rempart-2026",
    "example.org1",
    "Rempart!ann!",
  ]) {
    assert.equal(passwordWeakness(password, ANN), "personal", password);
  }
});

test("every text gets a verdict, the same for every composition, and an accepted one can be hashed", () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint, maxLength: 300 }), (password) => {
      const weakness = passwordWeakness(password, ANN);
      if (password.isWellFormed()) assert.equal(passwordWeakness(password.normalize("NFC"), ANN), weakness);
      if (weakness === null) assert.notEqual(normalisePassword(password), null);
    }),
    { numRuns: 500 },
  );
});
