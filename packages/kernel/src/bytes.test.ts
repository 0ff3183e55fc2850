import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  concat,
  equalBytes,
  fromBase64Url,
  fromHex,
  fromUtf8,
  readAtMost,
  toBase64Url,
  toHex,
  utf8,
} from "./bytes.ts";

const bytes = () => fc.uint8Array({ maxLength: 200 });

test("base64url agrees with the platform's own and round-trips", () => {
  fc.assert(
    fc.property(bytes(), (value) => {
      const text = toBase64Url(value);
      assert.equal(text, Buffer.from(value).toString("base64url"));
      assert.deepEqual(fromBase64Url(text), new Uint8Array(value));
    }),
  );
});

test("base64url has one text per value: every other text is refused", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      const decoded = fromBase64Url(text);
      assert.ok(decoded === null || toBase64Url(decoded) === text);
    }),
  );
  for (const text of ["A", "AA==", "AB", "A+", "A/", "AAE ", "é", "AAAAA"])
    assert.equal(fromBase64Url(text), null, text);
});

test("hex round-trips and refuses what is not hex", () => {
  fc.assert(fc.property(bytes(), (value) => assert.deepEqual(fromHex(toHex(value)), new Uint8Array(value))));
  for (const text of ["0", "0g", " 00", "0x00"]) assert.equal(fromHex(text), null, text);
  assert.deepEqual(fromHex("DEADbeef"), new Uint8Array([0xde, 0xad, 0xbe, 0xef]));
});

test("utf8 refuses what is not UTF-8 and keeps a byte order mark", () => {
  assert.equal(fromUtf8(new Uint8Array([0xc3, 0x28])), null);
  assert.equal(fromUtf8(new Uint8Array([0xed, 0xa0, 0x80])), null);
  assert.equal(fromUtf8(utf8("\ufeffété 🛡")), "\ufeffété 🛡");
});

test("concat and equalBytes", () => {
  const joined = concat(new Uint8Array([1]), new Uint8Array(), new Uint8Array([2, 3]));
  assert.deepEqual(joined, new Uint8Array([1, 2, 3]));
  assert.ok(equalBytes(joined, new Uint8Array([1, 2, 3])));
  assert.ok(!equalBytes(joined, new Uint8Array([1, 2, 4])));
  assert.ok(!equalBytes(joined, new Uint8Array([1, 2])));
});

test("a stream is read as one, up to its bound and not a piece further", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(bytes(), { maxLength: 20 }), fc.nat(200), async (pieces, maxBytes) => {
      let given = 0;
      let isEnded = false;
      const stream = async function* () {
        try {
          for (const piece of pieces) {
            given += piece.length;
            yield piece;
          }
        } finally {
          isEnded = true;
        }
      };
      const whole = Buffer.concat(pieces);
      const read = await readAtMost(stream(), maxBytes);
      assert.deepEqual(read, whole.length > maxBytes ? null : new Uint8Array(whole));
      assert.ok(given <= maxBytes + 200, "the piece that is too much is the last one");
      assert.equal(isEnded, true);
    }),
  );
  assert.deepEqual(await readAtMost(null, 0), new Uint8Array(0));
});
