import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonical, type Json } from "./canonical.ts";

/** The same value with the members of each object in another order. */
function reversed(value: Json): Json {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(reversed);
  const members = Object.entries(value).reverse();
  return Object.fromEntries(members.map(([name, member]) => [name, reversed(member as Json)]));
}

const json = fc.jsonValue({ stringUnit: "binary", maxDepth: 3 }) as fc.Arbitrary<Json>;

test("one value has one text, whatever the order of its members", () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonical(value);
      assert.equal(canonical(reversed(value)), text);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("members are in the order of their names, whatever the names", () => {
  const value = JSON.parse('{"b":{"10":1,"9":[{"z":0,"a":null}]},"__proto__":{"d":2,"c":1},"a":"\\u2028"}');
  assert.equal(
    canonical(value),
    '{"__proto__":{"c":1,"d":2},"a":"\u2028","b":{"10":1,"9":[{"a":null,"z":0}]}}',
  );
  // Sorted at every level but the last: what is written first must not decide for what lies within.
  assert.equal(canonical({ a: 1, b: [{ d: 1, c: 2 }] }), '{"a":1,"b":[{"c":2,"d":1}]}');
});

test("a number that JSON has no text for is refused, wherever it stands", () => {
  for (const value of [Number.NaN, [Number.POSITIVE_INFINITY], { a: { b: Number.NaN } }])
    assert.throws(() => canonical(value), TypeError);
});
