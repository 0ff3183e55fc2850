import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { indexName } from "./insights/index-names.ts";
import { qualified } from "./sql-names.ts";

test("no name ends its own quotes", () => {
  assert.equal(qualified({ schema: 'a"b', name: "c\n--" }), '"a""b"."c\n--"');
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      const inner = qualified({ schema: name, name: "x" }).slice(1, -5);
      assert.equal(inner.replaceAll('""', ""), name.replaceAll('"', ""));
    }),
  );
});

test("the name of an index fits, is the same each time, and differs where what it is made of differs", () => {
  const long = "é".repeat(40);
  assert.ok(Buffer.byteLength(indexName(long, ["a"])) <= 63);
  assert.notEqual(indexName(long, ["a"]), indexName(long, ["b"]));
  assert.equal(indexName("t", ["a", "b"]), "idx_t_a_b");
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.array(fc.string({ unit: "grapheme" })),
      (table, columns) => assert.ok(Buffer.byteLength(indexName(table, columns)) <= 63),
    ),
  );
});
