/**
 * A data key, and the keys of single records that come from it.
 *
 * HKDF with SHA-512 (RFC 5869): extracted once per data key, expanded once per record, to 64 bytes: the record's key and its
 * commitment. `crypto.hash` in one call is three times as fast as an `Hmac` object, so HMAC (RFC 2104) is spelt out over two
 * of them, with the padded keys standing ready; `data-key.test.ts` holds it against `crypto.hkdfSync`.
 */
import { createHmac, hash } from "node:crypto";
import { utf8 } from "@rempart/kernel";
import type { Where } from "../ports.ts";

export const DATA_KEY_BYTES = 32;
export const SALT_BYTES = 24;
export const COMMITMENT_BYTES = 32;
const RECORD_KEY_BYTES = 32;

const BLOCK = 128;
const DIGEST = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** Of one length, so that what follows stands at the same place. */
const LABELS = { record: utf8("rempart 1 record"), stream: utf8("rempart 1 stream") };
const LABEL_BYTES = LABELS.record.length;
/** UTF-16 units; a unit takes at most three bytes of UTF-8. */
const MAX_PLACE_LENGTH = 256;
const MAX_INFO = LABEL_BYTES + DIGEST + SALT_BYTES + 3 * (2 + 3 * MAX_PLACE_LENGTH) + 1;

export interface RecordKey {
  /** For AES-256-GCM, once: the salt makes it one record's. */
  readonly key: Buffer;
  /** Binds the record to exactly this data key, header, salt and place. Public. */
  readonly commitment: Buffer;
}

export type Purpose = keyof typeof LABELS;

export class DataKey {
  /** What stands before a record made under this key: custody, format version and header. */
  readonly prefix: string;
  /** The key for HMAC's inner hash, then the message: label, digest of the prefix, salt, place, 1. */
  readonly #inner = Buffer.alloc(BLOCK + MAX_INFO);
  /** The key for the outer hash, then the inner digest. */
  readonly #outer = Buffer.alloc(BLOCK + DIGEST);
  #usable = true;

  /** Takes what it needs of `key`, which stays the caller's. */
  constructor(key: Uint8Array, prefix: string) {
    if (key.length !== DATA_KEY_BYTES) throw new TypeError(`a data key is ${DATA_KEY_BYTES} bytes`);
    this.prefix = prefix;
    const extracted = extract(key);
    this.#inner.fill(INNER_PAD, 0, BLOCK);
    this.#outer.fill(OUTER_PAD, 0, BLOCK);
    for (let i = 0; i < DIGEST; i += 1) {
      this.#inner[i] = (extracted[i] as number) ^ INNER_PAD;
      this.#outer[i] = (extracted[i] as number) ^ OUTER_PAD;
    }
    extracted.fill(0);
    this.#inner.write(hash("sha512", prefix, "binary"), BLOCK + LABEL_BYTES, "latin1");
  }

  /** Throws `TypeError` for a place that could be mistaken for another. */
  derive(purpose: Purpose, salt: Uint8Array, where: Where): RecordKey {
    if (!this.#usable) throw new TypeError("this data key was wiped");
    const length = this.#writeInfo(purpose, salt, where);
    this.#outer.write(hash("sha512", this.#inner.subarray(0, length), "binary"), BLOCK, "latin1");
    const output = Buffer.from(hash("sha512", this.#outer, "binary"), "latin1");
    return { key: output.subarray(0, RECORD_KEY_BYTES), commitment: output.subarray(RECORD_KEY_BYTES) };
  }

  wipe(): void {
    this.#usable = false;
    this.#inner.fill(0);
    this.#outer.fill(0);
  }

  #writeInfo(purpose: Purpose, salt: Uint8Array, { table, column, row }: Where): number {
    this.#inner.set(LABELS[purpose], BLOCK);
    let end = BLOCK + LABEL_BYTES + DIGEST;
    this.#inner.set(salt, end);
    end = this.#writePlace(table, end + SALT_BYTES);
    end = this.#writePlace(column, end);
    end = this.#writePlace(row, end);
    this.#inner[end] = 1;
    return end + 1;
  }

  /** Its length, then its text: no two places have the same bytes. */
  #writePlace(text: string, at: number): number {
    if (text.length < 1 || text.length > MAX_PLACE_LENGTH || !text.isWellFormed())
      throw new TypeError(
        `table, column and row must be 1 to ${MAX_PLACE_LENGTH} characters of well-formed text`,
      );
    const length = this.#inner.write(text, at + 2);
    this.#inner.writeUInt16BE(length, at);
    return at + 2 + length;
  }
}

/** HKDF's first step is HMAC under a salt, which may be empty since the input is uniformly random (RFC 5869, section 3.1). */
function extract(key: Uint8Array): Buffer {
  return createHmac("sha512", Buffer.alloc(0)).update(key).digest();
}
