/**
 * AES-GCM does not commit to its key: whoever knows two keys can make one ciphertext that both accept ("invisible
 * salamanders": Dodis, Grubbs, Ristenpart, Woodage 2018). Here it is made, and shown to fail on an envelope.
 */
import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { test } from "node:test";
import { DataKey, emptyRecordKey } from "./data-key.ts";
import { openRecord } from "./envelope.ts";

const NONCE = Buffer.alloc(12);
const REDUCTION = 0xe1n << 120n;

const toNumber = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString("hex")}`);
const toBlock = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(32, "0"), "hex");

/** GCM's field: bits in its order (NIST SP 800-38D, 6.3). */
function multiply(x: bigint, y: bigint): bigint {
  let [product, v] = [0n, y];
  for (let bit = 127n; bit >= 0n; bit -= 1n) {
    if ((x >> bit) & 1n) product ^= v;
    v = v & 1n ? (v >> 1n) ^ REDUCTION : v >> 1n;
  }
  return product;
}

/** x to the power of 2^128 - 2. */
function invert(x: bigint): bigint {
  let [result, square] = [1n << 127n, x];
  for (let i = 1; i < 128; i += 1) {
    square = multiply(square, square);
    result = multiply(result, square);
  }
  return result;
}

function encryptBlock(key: Uint8Array, block: Buffer): bigint {
  const cipher = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false);
  return toNumber(cipher.update(block));
}

interface GcmKey {
  readonly h: bigint;
  readonly mask: bigint;
}

const gcmKey = (key: Uint8Array): GcmKey => ({
  h: encryptBlock(key, Buffer.alloc(16)),
  mask: encryptBlock(key, Buffer.concat([NONCE, Buffer.from([0, 0, 0, 1])])),
});

/** Two blocks and the tag that is right for them under both keys. */
function forBoth(keyA: Uint8Array, keyB: Uint8Array): { ciphertext: Buffer; tag: Buffer } {
  const [a, b] = [gcmKey(keyA), gcmKey(keyB)];
  const square = ({ h }: GcmKey): bigint => multiply(h, h);
  const cube = (key: GcmKey): bigint => multiply(square(key), key.h);
  const first = toNumber(randomBytes(16));
  const length = 256n;
  const difference = a.mask ^ b.mask ^ multiply(first, cube(a) ^ cube(b)) ^ multiply(length, a.h ^ b.h);
  const second = multiply(difference, invert(square(a) ^ square(b)));
  const tag = a.mask ^ multiply(first, cube(a)) ^ multiply(second, square(a)) ^ multiply(length, a.h);
  return { ciphertext: Buffer.concat([toBlock(first), toBlock(second)]), tag: toBlock(tag) };
}

function opensWith(key: Uint8Array, { ciphertext, tag }: { ciphertext: Buffer; tag: Buffer }): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, NONCE, { authTagLength: 16 }).setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

test("a ciphertext that AES-GCM accepts under two keys is an envelope under one of them at most", () => {
  const where = { table: "users", column: "phone", row: "1" };
  const salt = randomBytes(16);
  const keys = [new DataKey(randomBytes(32), "kms:1.x."), new DataKey(randomBytes(32), "kms:1.x.")];
  const records = keys.map((key) => {
    const record = emptyRecordKey();
    key.derive("record", salt, where, record);
    return record;
  });
  const [a, b] = records as [(typeof records)[0], (typeof records)[0]];
  const both = forBoth(a.key, b.key);
  assert.notDeepEqual(opensWith(a.key, both), opensWith(b.key, both));
  for (const { commitment } of records) {
    const body = Buffer.concat([salt, commitment, both.ciphertext, both.tag]).toString("base64url");
    const opened = keys.filter((key) => {
      try {
        return openRecord(key, body, where).length === 32;
      } catch {
        return false;
      }
    });
    assert.equal(opened.length, 1);
  }
});
