import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { type ExportFormat, rowsOf } from "./select.ts";

const column = (type: string, name = type) => ({ name, type });

function writer(format: ExportFormat, columns: readonly { name: string; type: string }[]) {
  return rowsOf({ select: "", columns, key: columns[0] as (typeof columns)[0] }, format);
}

function written(format: ExportFormat, types: readonly string[], parts: readonly Uint8Array[]): string {
  const rows = writer(
    format,
    types.map((type, index) => column(type, `c${index}`)),
  );
  return Buffer.concat(parts.map((part) => rows.write(part))).toString();
}

function cutAt(text: string, places: readonly number[]): Uint8Array[] {
  const bytes = Buffer.from(text);
  const cuts = [0, ...places.map((place) => place % bytes.length).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}

const everywhere = (text: string): number[] => [...Buffer.from(text).keys()];

const ESCAPES: Record<string, string> = {
  ...{ "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v" },
};
const copied = (text: string | null): string =>
  text === null ? "\\N" : text.replaceAll(/[\\\b\f\n\r\t\v]/g, (character) => ESCAPES[character] as string);

test("numbers stay as they are, and those that JSON does not know become texts", () => {
  const line = "-1.50\t1e+20\tNaN\tInfinity\t-Infinity\t\\N\n";
  const types = Array<string>(6).fill("numeric");
  const said = '{"c0":-1.50,"c1":1e+20,"c2":"NaN","c3":"Infinity","c4":"-Infinity","c5":null}\n';
  assert.equal(written("jsonl", types, [Buffer.from(line)]), said);
  assert.equal(written("jsonl", types, cutAt(line, everywhere(line))), said);
});

test("rows are framed, and a name is escaped", () => {
  const rows = writer("json", [column("integer", 'a "b"\n')]);
  assert.equal(
    Buffer.from(rows.write(Buffer.from("1\n2\n"))).toString(),
    '{"a \\"b\\"\\n":1},\n{"a \\"b\\"\\n":2}',
  );
  assert.equal(rows.rows, 2);
});

test("texts and documents are the same ones, wherever a part ends", () => {
  const row = fc.tuple(fc.option(fc.string({ unit: codePoint })), fc.option(fc.json()), fc.double());
  const rows = fc.array(row, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(rows, fc.array(fc.nat(), { maxLength: 20 }), (values, places) => {
      const lines = values.map(
        ([text, document, number]) => `${copied(text)}\t${copied(document)}\t${number}\n`,
      );
      const read = written("jsonl", ["text", "jsonb", "double precision"], cutAt(lines.join(""), places));
      const meant = values.map(([text, document, number]) => ({
        c0: text,
        c1: JSON.parse(document ?? "null"),
        c2: Number.isFinite(number) ? number : String(number),
      }));
      assert.deepEqual(
        read
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line)),
        JSON.parse(JSON.stringify(meant)),
      );
    }),
  );
});

/** What a spreadsheet takes for a formula, told by another way than the writer's. */
const isFormula = (text: string): boolean => /^[=+\-@\t\r\n＝＋－＠]/u.test(text);

test("a text of CSV stands in quotes, behind an apostrophe where it is a formula, wherever a part ends", () => {
  const begin = fc.constantFrom(
    "",
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
    "Ａ",
    "！",
    "\uf000",
    "\\",
    '"',
    "'",
  );
  const text = fc.tuple(begin, fc.string({ unit: codePoint })).map((parts) => parts.join(""));
  fc.assert(
    fc.property(
      fc.array(fc.option(text), { minLength: 1 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      (values, places) => {
        const types = values.map(() => "text");
        const line = `${values.map(copied).join("\t")}\n`;
        const cell = (value: string | null): string =>
          value === null ? "" : `"${isFormula(value) ? "'" : ""}${value.replaceAll('"', '""')}"`;
        assert.equal(written("csv", types, cutAt(line, places)), `${values.map(cell).join(",")}\n`);
      },
    ),
  );
});

test("numbers and times of CSV stand as they are, negative ones too", () => {
  const types = ["bigint", "bytea", "timestamp with time zone", "boolean", "numeric"];
  const line = "-1\t\\\\x00ff\t2026-01-01 00:00:00+00\tf\t\\N\n";
  const said = "-1,\\x00ff,2026-01-01 00:00:00+00,f,\n";
  assert.equal(written("csv", types, [Buffer.from(line)]), said);
  assert.equal(written("csv", types, cutAt(line, everywhere(line))), said);
});

test("the key of the last row is known, wherever a part ends", () => {
  const text = fc.string({ unit: codePoint });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat()),
      (rows, places) => {
        const reader = writer("csv", [column("text", "k"), column("text", "v")]);
        const lines = rows.map((row) => `${row.map(copied).join("\t")}\n`).join("");
        for (const part of cutAt(lines, places)) reader.write(part);
        assert.equal(reader.lastKey(), rows.at(-1)?.[0]);
      },
    ),
  );
});

test("a document that was written on several lines stands on one", () => {
  const line = `${copied('{\r\n"a":\t"\\n"}')}\n`;
  assert.equal(written("jsonl", ["json"], [Buffer.from(line)]), '{"c0":{  "a":\t"\\n"}}\n');
});

test("a row whose names take far more room than its values is whole", () => {
  const columns = Array.from({ length: 1_600 }, (_, i) => column("integer", `${i} ${"x".repeat(60)}`));
  const line = `${columns.map((_, i) => i % 10).join("\t")}\n`;
  const row = JSON.parse(Buffer.from(writer("jsonl", columns).write(Buffer.from(line))).toString()) as object;
  assert.deepEqual(
    Object.values(row),
    columns.map((_, i) => i % 10),
  );
});
