import assert from "node:assert/strict";
import { createHash, hkdfSync, randomBytes } from "node:crypto";
import { test } from "node:test";
import { concat, toHex, utf8 } from "@rempart/kernel";
import fc from "fast-check";
import type { Where } from "../ports.ts";
import { DataKey, emptyRecordKey, type RecordKey } from "./data-key.ts";

const place = fc
  .string({ minLength: 1, maxLength: 256, unit: "grapheme" })
  .filter((text) => text.length <= 256);
const places: fc.Arbitrary<Where> = fc.record({ table: place, column: place, row: place });

function derive(key: DataKey, salt: Uint8Array, where: Where): RecordKey {
  const output = emptyRecordKey();
  key.derive("record", salt, where, output);
  return output;
}

/** The format's definition, by the platform's own HKDF and hash. */
function reference(
  key: Uint8Array,
  prefix: string,
  salt: Uint8Array,
  { table, column, row }: Where,
): { key: string; commitment: string } {
  const info = concat(utf8("rempart 1 record"), createHash("sha512").update(prefix).digest());
  const secret = new Uint8Array(hkdfSync("sha512", key, new Uint8Array(0), info, 32));
  const sized = [table, column, row].flatMap((text) => {
    const bytes = utf8(text);
    return [Uint8Array.of(bytes.length >> 8, bytes.length), bytes];
  });
  const digest = createHash("sha512").update(concat(Uint8Array.of(0, 0, 0, 1), secret, salt, ...sized));
  const halves = digest.digest("hex");
  return { key: halves.slice(0, 64), commitment: halves.slice(64) };
}

test("a record's key is what the definition gives", () => {
  fc.assert(
    fc.property(places, fc.webUrl(), (where, prefix) => {
      const [bytes, salt] = [randomBytes(32), randomBytes(16)];
      const { key, commitment } = derive(new DataKey(bytes, prefix), salt, where);
      const derived = { key: toHex(key), commitment: toHex(commitment) };
      assert.deepEqual(derived, reference(bytes, prefix, salt, where));
    }),
    { numRuns: 300 },
  );
});

test("two places never share a key, wherever the text is cut", () => {
  const key = new DataKey(randomBytes(32), "kms:1.x.");
  const salt = randomBytes(16);
  const commit = (where: Where): string => toHex(derive(key, salt, where).commitment);
  fc.assert(
    fc.property(places, places, (a, b) => {
      const same = a.table === b.table && a.column === b.column && a.row === b.row;
      assert.equal(commit(a) === commit(b), same);
    }),
  );
  const cuts = [
    { table: "ab", column: "c", row: "d" },
    { table: "a", column: "bc", row: "d" },
    { table: "a", column: "b", row: "cd" },
    { table: "d", column: "c", row: "ab" },
    { table: "abcd", column: "c", row: "d" },
  ];
  assert.equal(new Set(cuts.map(commit)).size, cuts.length);
});

test("purpose, salt, prefix and data key each change the key", () => {
  const bytes = randomBytes(32);
  const where = { table: "t", column: "c", row: "r" };
  const salt = randomBytes(16);
  const stream = emptyRecordKey();
  new DataKey(bytes, "kms:1.x.").derive("stream", salt, where, stream);
  const keys = [
    derive(new DataKey(bytes, "kms:1.x."), salt, where),
    derive(new DataKey(bytes, "local:1.x."), salt, where),
    derive(new DataKey(bytes, "kms:1.x."), randomBytes(16), where),
    derive(new DataKey(randomBytes(32), "kms:1.x."), salt, where),
    stream,
  ];
  assert.equal(new Set(keys.map(({ key }) => toHex(key))).size, keys.length);
});

test("a place that could be mistaken for another is refused", () => {
  const key = new DataKey(randomBytes(32), "kms:1.x.");
  for (const row of ["", "x".repeat(257), "\ud800", "a\udfffb"]) {
    assert.throws(() => derive(key, randomBytes(16), { table: "t", column: "c", row }), TypeError);
  }
});

test("a wiped key derives nothing", () => {
  const key = new DataKey(randomBytes(32), "kms:1.x.");
  key.wipe();
  assert.throws(() => derive(key, randomBytes(16), { table: "t", column: "c", row: "r" }), TypeError);
});

test("a data key is 32 bytes", () => {
  for (const length of [0, 16, 31, 33])
    assert.throws(() => new DataKey(randomBytes(length), "kms:1.x."), TypeError);
});
