import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import fc from "fast-check";
import {
  decodeHead,
  decodePage,
  encodeHead,
  encodePage,
  PAGE_ERASURES,
  pageName,
  pageNumber,
} from "./page.ts";

const erasure = fc.record(
  {
    id: fc.uuid(),
    kind: fc.string({ minLength: 1, maxLength: 64 }),
    subject: fc.string({ minLength: 1, maxLength: 256 }),
    at: fc.nat(),
  },
  { noNullPrototype: true },
);

test("a page says what was written, and so does the head", () => {
  fc.assert(
    fc.property(fc.array(erasure, { maxLength: 20 }), fc.nat(), (erasures, pages) => {
      assert.deepEqual(decodePage(encodePage(erasures), "p"), erasures);
      assert.equal(decodeHead(encodeHead(pages)), pages);
    }),
  );
});

test("names are in the order of the numbers, and nothing else is a page", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999_998 }), (number) => {
      assert.equal(pageNumber(pageName(number)), number);
      assert.ok(pageName(number) < pageName(number + 1));
    }),
  );
  for (const name of ["erasures/head", "erasures/000000000000", "erasures/1", "wal/000000000001"])
    assert.equal(pageNumber(name), null, name);
});

test("whoever holds the key writes no page that is none", () => {
  const whole = { id: "00000000-0000-4000-8000-000000000000", kind: "k", subject: "s", at: 1 };
  const pages: readonly unknown[] = [
    null,
    [],
    { format: 2, erasures: [] },
    { format: 1 },
    { format: 1, erasures: [{ ...whole, id: "1" }] },
    { format: 1, erasures: [{ ...whole, kind: "" }] },
    { format: 1, erasures: [{ ...whole, subject: "s".repeat(257) }] },
    { format: 1, erasures: [{ ...whole, at: -1 }] },
    { format: 1, erasures: [{ ...whole, at: "now" }] },
    { format: 1, erasures: Array.from({ length: PAGE_ERASURES + 1 }, () => whole) },
  ];
  for (const page of pages)
    assert.throws(
      () => decodePage(Buffer.from(JSON.stringify(page)), "p"),
      (error) => hasCode(error, "object-altered"),
    );
  for (const head of ["", "{}", '{"format":1,"pages":1.5}', '{"format":1,"pages":-1}'])
    assert.throws(
      () => decodeHead(Buffer.from(head)),
      (error) => hasCode(error, "object-altered"),
    );
});
