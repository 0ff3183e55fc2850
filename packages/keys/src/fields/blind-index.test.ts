import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { blindIndex } from "./blind-index.ts";

const key = new Uint8Array(32).fill(7);
const column = { key, table: "people", column: "phone" };

test("equal texts have equal entries; another column, table or key has others", () => {
  const { of } = blindIndex(column);
  assert.equal(of("+33612345678"), blindIndex(column).of("+33612345678"));
  const others = [{ column: "mobile" }, { table: "peoples" }, { key: new Uint8Array(32).fill(8) }];
  for (const other of others)
    assert.notEqual(of("+33612345678"), blindIndex({ ...column, ...other }).of("+33612345678"));
});

test("table and column cannot be shifted into each other", () => {
  const one = blindIndex({ key, table: "a", column: "b.c" }).of("x");
  assert.notEqual(one, blindIndex({ key, table: "a.b", column: "c" }).of("x"));
});

test("an entry stays what it was: rows written by an earlier version are still found", () => {
  assert.equal(
    blindIndex({ ...column, bits: 256 }).of("+33612345678"),
    "9356647c389e283215ed590972d693e97a922eff25f017e6920447e25702d5f1",
  );
});

test("exactly the bits asked for are kept, and fewer bits are a prefix of more", () => {
  const whole = BigInt(`0x${blindIndex({ ...column, bits: 256 }).of("x")}`);
  for (let bits = 8; bits <= 256; bits += 1) {
    const text = blindIndex({ ...column, bits }).of("x");
    const bytes = Math.ceil(bits / 8);
    assert.equal(text.length, bytes * 2);
    assert.equal(BigInt(`0x${text}`) >> BigInt(bytes * 8 - bits), whole >> BigInt(256 - bits));
    assert.equal(BigInt(`0x${text}`) & ((1n << BigInt(bytes * 8 - bits)) - 1n), 0n);
  }
});

test("truncation makes crowds: 8 bits put 10,000 values on 256 entries", () => {
  const { of } = blindIndex({ ...column, bits: 8 });
  const entries = new Set(Array.from({ length: 10_000 }, (_, i) => of(`value ${i}`)));
  assert.equal(entries.size, 256);
});

test("any text has an entry", () => {
  const { of } = blindIndex(column);
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (text) => void assert.match(of(text), /^[0-9a-f]{8}$/)),
  );
});

test("a short key and impossible widths are the programmer's mistake", () => {
  assert.throws(() => blindIndex({ ...column, key: new Uint8Array(31) }), TypeError);
  for (const bits of [0, 7, 257, 8.5, Number.NaN])
    assert.throws(() => blindIndex({ ...column, bits }), TypeError);
});
