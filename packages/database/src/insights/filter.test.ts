import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { filterColumns } from "./filter.ts";

test("columns that are compared with a value are read from a condition, equalities apart from ranges", () => {
  const cases: [string, string[], string[]][] = [
    ["(t.a = $1)", ["a"], []],
    ["((t.a = $1) AND (t.b > $2))", ["a"], ["b"]],
    ["((a = 1) AND (a > 0))", ["a"], []],
    ["((t.state)::text = 'open'::text)", ["state"], []],
    [`((t."City ""x""" = $1) AND ("a b".total >= $2))`, ['City "x"'], ["total"]],
    ["((t.a = $1) AND (lower(t.b) = 'x'::text))", ["a"], []],
    ["(t.a = ANY ($1))", ["a"], []],
    ["(t.at < (now() - '7 days'::interval))", [], ["at"]],
    ["((t.a = 'x AND (y'::text) AND (t.b = $1))", ["a", "b"], []],
  ];
  for (const [filter, equal, range] of cases)
    assert.deepEqual(filterColumns(filter), { equal, range }, filter);
});

test("a condition that no column alone decides gives nothing", () => {
  for (const filter of [
    "((t.a = $1) OR (t.b = $2))",
    "(t.a IS NULL)",
    "(t.a <> $1)",
    "f(t.a)",
    "",
    "(t.a = t.b)",
  ])
    assert.equal(filterColumns(filter), null, filter);
});

test("any text is read, and a long or hostile one in no time", () => {
  const word = fc.constantFrom("(", ")", " AND ", "'", '"', "t.a", " = ", "$1", "::text", "x");
  fc.assert(fc.property(fc.array(word, { maxLength: 60 }), (words) => void filterColumns(words.join(""))));
  for (const hostile of ["(", '"', "a ", "'", '""', "a.", "(a::"])
    filterColumns(hostile.repeat(2_000 / hostile.length));
});
