/**
 * A data key, and the keys of single records that come from it.
 *
 * The record's key is HKDF-SHA256 (RFC 5869) of the data key, extracted once and expanded once per record; its commitment is
 * a hash of the record's key. `crypto.hash` in one call takes a third of an `Hmac` object's time, so HMAC (RFC 2104) is spelt
 * out over two of them with the padded keys standing ready: docs/decisions/0012.
 */
import { createHmac, hash } from "node:crypto";
import { utf8 } from "@rempart/kernel";
import type { Where } from "../ports.ts";

export const DATA_KEY_BYTES = 32;
export const SALT_BYTES = 16;
export const COMMITMENT_BYTES = 32;

const RECORD_KEY_BYTES = 32;
const BLOCK = 64;
const DIGEST = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** Of one length, so that what follows stands at the same place. */
const LABELS = { record: utf8("rempart 1 record"), stream: utf8("rempart 1 stream") };
const LABEL_BYTES = LABELS.record.length;
const COMMITMENT_LABEL = utf8("rempart 1 commit");
/** The hash's input: label and key. All of this runs without a pause, so one buffer serves everyone. */
const committed = Buffer.concat([COMMITMENT_LABEL, Buffer.alloc(RECORD_KEY_BYTES)]);
/** UTF-16 units; a unit takes at most three bytes of UTF-8. */
const MAX_PLACE_LENGTH = 256;
const MAX_INFO = LABEL_BYTES + DIGEST + SALT_BYTES + 3 * (2 + 3 * MAX_PLACE_LENGTH) + 1;

export type Purpose = keyof typeof LABELS;

export interface RecordKey {
  /** For AES-256-GCM. The salt makes it one record's, and the caller wipes it. */
  readonly key: Buffer;
  /** Binds a record to exactly this data key, prefix, salt and place. Public. */
  readonly commitment: Buffer;
}

/** Room for a derived key, to be used again for the next one. */
export function emptyRecordKey(): RecordKey {
  return { key: Buffer.alloc(RECORD_KEY_BYTES), commitment: Buffer.alloc(COMMITMENT_BYTES) };
}

export class DataKey {
  /** What stands before a record made under this key: custody, format version and header. */
  readonly prefix: string;
  /** The key of HMAC's inner hash, then HKDF's info: label, digest of the prefix, salt, place; then 1. */
  readonly #inner = Buffer.alloc(BLOCK + MAX_INFO);
  /** The key of the outer hash, then the inner digest. */
  readonly #outer = Buffer.alloc(BLOCK + DIGEST);
  #wiped = false;

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
    this.#inner.write(hash("sha256", prefix, "binary"), BLOCK + LABEL_BYTES, "latin1");
  }

  /** Writes into `output`. Throws `TypeError` for a place that could be mistaken for another. */
  derive(purpose: Purpose, salt: Uint8Array, where: Where, output: RecordKey): void {
    if (this.#wiped) throw new TypeError("this data key was wiped");
    const length = this.#writeInfo(purpose, salt, where);
    this.#outer.write(hash("sha256", this.#inner.subarray(0, length), "binary"), BLOCK, "latin1");
    output.key.write(hash("sha256", this.#outer, "binary"), "latin1");
    committed.set(output.key, LABEL_BYTES);
    output.commitment.write(hash("sha256", committed, "binary"), "latin1");
    committed.fill(0, LABEL_BYTES);
  }

  wipe(): void {
    this.#wiped = true;
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
    this.#inner[at] = length >> 8;
    this.#inner[at + 1] = length;
    return at + 2 + length;
  }
}

/** HKDF's first step. Its salt may be empty, since a data key is uniformly random (RFC 5869, section 3.1). */
function extract(key: Uint8Array): Buffer {
  return createHmac("sha256", Buffer.alloc(DIGEST)).update(key).digest();
}
