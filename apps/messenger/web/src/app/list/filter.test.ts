import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { folded, matches } from "./filter.ts";

const festival = {
  title: "Fête des remparts",
  members: [{ name: "Zoé Lefèvre" }, { name: "Jean-Luc O’Brien" }],
};

test("accents and case do not matter", () => {
  assert.equal(folded("ÉLODIE Ça"), "elodie ca");
  for (const query of ["fete", "FÊTE", "zoe", "lefev", "brien", "luc"])
    assert.ok(matches(festival, query), query);
});

test("every word of the query must begin a word", () => {
  assert.ok(matches(festival, "rem zoe"));
  assert.ok(!matches(festival, "parts"));
  assert.ok(!matches(festival, "zoe garnier"));
});

test("an empty query matches everything, and a title matches itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (title) => {
      assert.ok(matches({ title, members: [] }, ""));
      const words = folded(title)
        .split(/[^\p{L}\p{N}]+/u)
        .filter(Boolean);
      for (const word of words) assert.ok(matches({ title, members: [] }, word));
    }),
  );
});
