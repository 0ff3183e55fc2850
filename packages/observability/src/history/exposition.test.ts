import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { parseExposition } from "./exposition.ts";

function refuses(page: string, line?: number): void {
  assert.throws(
    () => parseExposition(page),
    (error) => hasCode(error, "exposition-malformed") && (line === undefined || error.details.line === line),
    page.slice(0, 80),
  );
}

test("a page as targets write it is read", () => {
  const page = [
    "# HELP a_total Some.",
    "# TYPE a_total counter",
    'a_total{method="GET",path="/a\\"b\\\\c\\nd",} 12 1790000000000',
    "  b \t 1.5e-3",
    "",
    "c Nan",
    "d{} +Inf",
    "e -Inf",
    "",
  ].join("\n");
  assert.deepEqual(parseExposition(page), [
    { name: "a_total", labels: { method: "GET", path: '/a"b\\c\nd' }, value: 12 },
    { name: "b", labels: {}, value: 0.0015 },
    { name: "c", labels: {}, value: Number.NaN },
    { name: "d", labels: {}, value: Number.POSITIVE_INFINITY },
    { name: "e", labels: {}, value: Number.NEGATIVE_INFINITY },
  ]);
  assert.deepEqual(parseExposition(""), []);
});

test("OpenMetrics is read, and its exemplars are dropped", () => {
  const page = [
    "# TYPE a histogram",
    'a_bucket{le="1"} 2 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.25 1790000000.125',
    "a_count 2 1790000000.125",
    "# EOF",
    "",
  ].join("\n");
  assert.deepEqual(parseExposition(page), [
    { name: "a_bucket", labels: { le: "1" }, value: 2 },
    { name: "a_count", labels: {}, value: 2 },
  ]);
});

test("what is not the format is refused, with its line", () => {
  const wrong = [
    "a",
    "a b",
    "a 1 2 3",
    "a 0x10",
    "a 1_000",
    "1a 1",
    'a{x="1" 1',
    'a{x="1"y="2"} 1',
    'a{x="1",x="2"} 1',
    'a{__name__="b"} 1',
    "a{x=1} 1",
    'a{x="\\t"} 1',
    'a{,x="1"} 1',
    "a 1 # ",
    "a 1 # {}",
    "a 1 # {} x",
    'a 1 # {a="1" 1',
    "a 1 # {} 1 1 1",
    "a 1 # {} 1 # {} 1",
    "a infx",
  ];
  for (const line of wrong) refuses(`ok 1\n${line}\n`, 2);
  refuses("a 12");
});

test("sizes are bounded", () => {
  refuses(`a{x="${"x".repeat(2_000)}"} 1\n`);
  refuses(`a{${Array.from({ length: 40 }, (_, index) => `l${index}="1"`).join(",")}} 1\n`);
  refuses("a 1\n".repeat(20_001), 20_001);
  refuses("#".repeat((1 << 23) + 1));
  for (const long of ["1", "a", " ", "{", '"', "\\", "#", "a{b="]) refuses(`a ${long.repeat(1 << 20)}\n`, 1);
});

test("no line is read twice over: the longest ones cost what many short ones do", () => {
  const longest = (1 << 16) - 8;
  for (const hostile of [
    `a ${"1".repeat(longest)}x`,
    `a ${"1".repeat(longest / 2)}.${"1".repeat(longest / 3)}x`,
  ]) {
    refuses(`${hostile}\n`, 1);
    refuses(`ok 1\n${`# ${hostile}\n`.repeat(100)}${hostile}\n`, 102);
  }
});

const label = fc.stringMatching(/^[a-z]\w{0,8}$/);
const sample = fc.record(
  {
    name: fc.stringMatching(/^[a-z_:][\w:]{0,12}$/),
    labels: fc.dictionary(label, fc.string({ unit: "grapheme", maxLength: 40 }), { noNullPrototype: true }),
    value: fc.double(),
  },
  { noNullPrototype: true },
);

test("what is written is read again", () => {
  const quoted = (value: string): string =>
    `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
  fc.assert(
    fc.property(fc.array(sample), (samples) => {
      const page = samples.map(({ name, labels, value }) => {
        const list = Object.entries(labels).map(([key, text]) => `${key}=${quoted(text)}`);
        return `${name}{${list.join(",")}} ${Object.is(value, -0) ? "-0" : String(value)}\n`;
      });
      assert.deepEqual(parseExposition(page.join("")), samples);
    }),
  );
});

test("any text is read or refused, and nothing else happens", () => {
  const pieces = fc.constantFrom("a", "{", "}", "=", '"', "\\", ",", " ", "\n", "1", "#", "NaN", "le", "\0");
  const text = fc.oneof(
    fc.string({ unit: codePoint }),
    fc.array(pieces).map((list) => list.join("")),
  );
  fc.assert(
    fc.property(text, (page) => {
      try {
        parseExposition(`${page}\n`);
      } catch (error) {
        assert.ok(hasCode(error, "exposition-malformed"), String(error));
      }
    }),
    { numRuns: 300 },
  );
});
