import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { type JsonKind, JsonRows } from "./json-rows.ts";

const FRAME = { between: ",\n", after: "" };

function written(kinds: readonly JsonKind[], parts: readonly Uint8Array[], frame = FRAME): string {
  const rows = new JsonRows(
    kinds.map((kind, index) => ({ name: `c${index}`, kind })),
    frame,
  );
  return Buffer.concat(parts.map((part) => Buffer.from(rows.write(part)))).toString();
}

function cutAt(text: string, places: readonly number[]): Uint8Array[] {
  const bytes = Buffer.from(text);
  const cuts = [0, ...places.map((place) => place % bytes.length).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}

const csv = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

test("numbers stay as they are, and those that JSON does not know become texts", () => {
  const line = "-1.50,1e+20,NaN,Infinity,-Infinity,null\n";
  const kinds = Array<JsonKind>(6).fill("number");
  const said = '{"c0":-1.50,"c1":1e+20,"c2":"NaN","c3":"Infinity","c4":"-Infinity","c5":null}';
  assert.equal(written(kinds, [Buffer.from(line)]), said);
  assert.equal(written(kinds, cutAt(line, [...Array(line.length).keys()])), said);
});

test("rows are framed, and a name is escaped", () => {
  const rows = new JsonRows([{ name: 'a "b"\n', kind: "number" }], { between: "", after: "\n" });
  assert.equal(
    Buffer.from(rows.write(Buffer.from("1\n2\n"))).toString(),
    '{"a \\"b\\"\\n":1}\n{"a \\"b\\"\\n":2}\n',
  );
  assert.equal(rows.rows, 2);
});

test("texts and documents are the same ones, wherever a part ends", () => {
  const row = fc.tuple(fc.option(fc.string({ unit: codePoint })), fc.option(fc.json()), fc.double());
  const rows = fc.array(row, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(rows, fc.array(fc.nat(), { maxLength: 20 }), (values, places) => {
      const lines = values.map(
        ([text, document, number]) =>
          `${text === null ? "null" : csv(text)},${document === null ? "null" : csv(document)},${number}\n`,
      );
      const read: unknown = JSON.parse(
        `[${written(["text", "json", "number"], cutAt(lines.join(""), places))}]`,
      );
      const meant = values.map(([text, document, number]) => ({
        c0: text,
        c1: JSON.parse(document ?? "null"),
        c2: Number.isFinite(number) ? number : String(number),
      }));
      assert.deepEqual(read, JSON.parse(JSON.stringify(meant)));
    }),
  );
});

test("a document that was written on several lines stands on one", () => {
  assert.equal(written(["json"], [Buffer.from(`${csv('{\r\n"a":\t"\\n"}')}\n`)]), '{"c0":{  "a":\t"\\n"}}');
});

test("a row whose names take far more room than its values is whole", () => {
  const columns = Array.from({ length: 1_600 }, (_, i) => ({
    name: `${i} ${"x".repeat(60)}`,
    kind: "number" as const,
  }));
  const rows = new JsonRows(columns, { between: "", after: "" });
  const line = `${columns.map((_, i) => i % 10).join(",")}\n`;
  const row = JSON.parse(Buffer.from(rows.write(Buffer.from(line))).toString()) as object;
  assert.deepEqual(
    Object.values(row),
    columns.map((_, i) => i % 10),
  );
});
