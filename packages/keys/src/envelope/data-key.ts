/**
 * A data key, and the keys of single records that come from it.
 *
 * HKDF-SHA512 (RFC 5869) expands the data key and its prefix to one secret for each purpose, once. A record's key and its
 * commitment are the two halves of SHA-512 over secret, salt and place: the one-step derivation of NIST SP 800-56C rev. 2,
 * section 4. One call of `crypto.hash` is what a record can afford: docs/decisions/0012.
 */
import { hash, hkdfSync } from "node:crypto";
import { concat, utf8 } from "@rempart/kernel";
import type { Where } from "../ports.ts";

export const DATA_KEY_BYTES = 32;
export const SALT_BYTES = 16;
export const COMMITMENT_BYTES = 32;

const RECORD_KEY_BYTES = 32;
const SECRET_BYTES = 32;
const SECRET_AT = 4;
const SALT_AT = SECRET_AT + SECRET_BYTES;
const PLACE_AT = SALT_AT + SALT_BYTES;
/** UTF-16 units; a unit takes at most three bytes of UTF-8. */
const MAX_PLACE_LENGTH = 256;

/**
 * What is hashed: 1 (4 bytes), secret, salt, then table, column and row with their lengths. All of this runs without a pause,
 * so one buffer serves everyone.
 */
const input = Buffer.alloc(PLACE_AT + 3 * (2 + 3 * MAX_PLACE_LENGTH));
input.writeUInt32BE(1);
const secretOfInput = input.subarray(SECRET_AT, SALT_AT);

const PURPOSES = ["record", "stream"] as const;
export type Purpose = (typeof PURPOSES)[number];

export interface RecordKey {
  /** The two below, one after the other. */
  readonly bytes: Buffer;
  /** For AES-256-GCM. The salt makes it one record's, and the caller wipes it. */
  readonly key: Uint8Array;
  /** Binds a record to exactly this data key, prefix, purpose, salt and place. Public. */
  readonly commitment: Uint8Array;
}

/** Room for a derived key, to be used again for the next one. */
export function emptyRecordKey(): RecordKey {
  const bytes = Buffer.alloc(RECORD_KEY_BYTES + COMMITMENT_BYTES);
  const { buffer, byteOffset } = bytes;
  return {
    bytes,
    key: new Uint8Array(buffer, byteOffset, RECORD_KEY_BYTES),
    commitment: new Uint8Array(buffer, byteOffset + RECORD_KEY_BYTES, COMMITMENT_BYTES),
  };
}

export class DataKey {
  /** What stands before a record made under this key: custody, format version and header. */
  readonly prefix: string;
  readonly #secrets: Readonly<Record<Purpose, Uint8Array>>;
  #wiped = false;

  /** Takes what it needs of `key`, which stays the caller's. */
  constructor(key: Uint8Array, prefix: string) {
    if (key.length !== DATA_KEY_BYTES) throw new TypeError(`a data key is ${DATA_KEY_BYTES} bytes`);
    this.prefix = prefix;
    this.#secrets = { record: expand(key, "record", prefix), stream: expand(key, "stream", prefix) };
  }

  /** Writes into `output`. Throws `TypeError` for a place that could be mistaken for another. */
  derive(purpose: Purpose, salt: Uint8Array, where: Where, output: RecordKey): void {
    if (this.#wiped) throw new TypeError("this data key was wiped");
    const end = writePlace(where);
    input.set(this.#secrets[purpose], SECRET_AT);
    input.set(salt, SALT_AT);
    output.bytes.write(hash("sha512", input.subarray(0, end), "binary"), "latin1");
    secretOfInput.fill(0);
  }

  wipe(): void {
    this.#wiped = true;
    for (const purpose of PURPOSES) this.#secrets[purpose].fill(0);
  }
}

/** HKDF's salt may be empty, since a data key is uniformly random (RFC 5869, section 3.1). */
function expand(key: Uint8Array, purpose: Purpose, prefix: string): Uint8Array {
  const info = concat(utf8(`rempart 1 ${purpose}`), hash("sha512", prefix, "buffer"));
  return new Uint8Array(hkdfSync("sha512", key, new Uint8Array(0), info, SECRET_BYTES));
}

function writePlace({ table, column, row }: Where): number {
  return writeSized(row, writeSized(column, writeSized(table, PLACE_AT)));
}

/** Its length, then its text: no two places have the same bytes. */
function writeSized(text: string, at: number): number {
  if (text.length < 1 || text.length > MAX_PLACE_LENGTH || !text.isWellFormed())
    throw new TypeError(
      `table, column and row must be 1 to ${MAX_PLACE_LENGTH} characters of well-formed text`,
    );
  const length = input.write(text, at + 2);
  input[at] = length >> 8;
  input[at + 1] = length;
  return at + 2 + length;
}
