/**
 * One value as text:
 *
 *     kms:1.<header>.<salt (16) commitment (32) ciphertext tag (16)>      or `local:` for `kms:`
 *
 * both parts in base64url. AES-256-GCM under the record's key, whose only use this is: its nonce is twelve zeros. Custody,
 * version, header, salt and place went into the key's derivation, and the commitment binds them all; so there is no
 * associated data left to give to GCM.
 */
import { createCipheriv, createDecipheriv, type Decipheriv, timingSafeEqual } from "node:crypto";
import { KeysError } from "../errors.ts";
import type { Where } from "../ports.ts";
import { COMMITMENT_BYTES, type DataKey, emptyRecordKey, SALT_BYTES } from "./data-key.ts";
import { decodeHeader, encodeHeader, MAX_HEADER_BYTES, type Wrap } from "./header.ts";

/** Under which provider a value stands: `local` also for what was sealed while the KMS gave no answer. */
export type Custody = "kms" | "local";

export interface DataKeyName {
  readonly custody: Custody;
  readonly wraps: readonly Wrap[];
}

export interface Envelope {
  /** All before the body: the data key's name. */
  readonly prefix: string;
  /** In base64url, not looked at yet. */
  readonly body: string;
}

export const CIPHER = "aes-256-gcm";
export const TAG_BYTES = 16;
const NONCE = Buffer.alloc(12);
const CIPHERTEXT_AT = SALT_BYTES + COMMITMENT_BYTES;
const OVERHEAD = CIPHERTEXT_AT + TAG_BYTES;
export const MAX_PLAINTEXT_BYTES = 1_048_576;

const base64Length = (bytes: number): number => Math.ceil((bytes * 4) / 3);
const PREFIX = /^(kms|local):1\.([\w-]+)\.$/;
export const MAX_PREFIX_LENGTH = "local:1..".length + base64Length(MAX_HEADER_BYTES);
const MAX_LENGTH = MAX_PREFIX_LENGTH + base64Length(MAX_PLAINTEXT_BYTES + OVERHEAD);

/** Throws `TypeError` as `encodeHeader` does. */
export function prefixOf({ custody, wraps }: DataKeyName): string {
  return `${custody}:1.${Buffer.from(encodeHeader(wraps)).toString("base64url")}.`;
}

/** Sealing and opening run without a pause: there is one record's key at a time, and one body. */
const record = emptyRecordKey();
const smallBody = Buffer.alloc(4_096);
const roomFor = (bytes: number): Buffer => (bytes > smallBody.length ? Buffer.alloc(bytes) : smallBody);

/** `salt` is 16 random bytes, never used before with this key. */
export function sealRecord(key: DataKey, salt: Uint8Array, plaintext: Uint8Array, where: Where): string {
  key.derive("record", salt, where, record);
  const cipher = createCipheriv(CIPHER, record.key, NONCE);
  record.key.fill(0);
  const length = OVERHEAD + plaintext.length;
  const body = roomFor(length);
  body.set(salt, 0);
  body.set(record.commitment, SALT_BYTES);
  body.set(cipher.update(plaintext), CIPHERTEXT_AT);
  cipher.final();
  body.set(cipher.getAuthTag(), length - TAG_BYTES);
  return key.prefix + body.toString("base64url", 0, length);
}

/**
 * Refuses before anything is decrypted unless the commitment is the one of this key and place. Throws `envelope-malformed`
 * for a body that `sealRecord` would not write.
 */
export function openRecord(key: DataKey, text: string, where: Where): Buffer {
  const body = decodeBody(text);
  key.derive("record", body.subarray(0, SALT_BYTES), where, record);
  const decipher = createDecipheriv(CIPHER, record.key, NONCE, { authTagLength: TAG_BYTES });
  record.key.fill(0);
  if (!timingSafeEqual(record.commitment, body.subarray(SALT_BYTES, CIPHERTEXT_AT))) throw refused();
  decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
  return finish(decipher.update(body.subarray(CIPHERTEXT_AT, body.length - TAG_BYTES)), decipher);
}

/** Good until the next record. */
function decodeBody(text: string): Buffer {
  const room = roomFor(text.length);
  const length = room.write(text, "base64url");
  if (length < OVERHEAD || room.toString("base64url", 0, length) !== text)
    throw malformed("cut or not base64url");
  return room.subarray(0, length);
}

/** Nothing that GCM has not yet vouched for leaves this function. */
export function finish(plaintext: Buffer, decipher: Decipheriv): Buffer {
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    throw refused();
  }
}

export function refused(): KeysError {
  return new KeysError("envelope-refused", "the value was not sealed with this key for this place");
}

/** Throws `envelope-malformed`. The parts are looked at by `parsePrefix` and `openRecord`. */
export function splitEnvelope(text: string): Envelope {
  if (text.length > MAX_LENGTH) throw malformed("longer than one can be");
  const end = text.indexOf(".", text.indexOf(".") + 1);
  if (end < 0) throw malformed("cut");
  return { prefix: text.slice(0, end + 1), body: text.slice(end + 1) };
}

/** Throws `envelope-malformed` for any text but one of `prefixOf`. */
export function parsePrefix(prefix: string): DataKeyName {
  if (prefix.length > MAX_PREFIX_LENGTH) throw malformed("its header is longer than one can be");
  const [, custody, text = ""] = PREFIX.exec(prefix) ?? [];
  if (custody === undefined) throw malformed("not kms: or local: of version 1");
  const header = decode(text);
  const wraps = header === null ? null : decodeHeader(header);
  if (wraps === null) throw malformed("its header is not one");
  return { custody: custody as Custody, wraps };
}

/** Null for what is not an envelope. Says nothing about whether it would open. */
export function custodyOf(text: string): Custody | null {
  if (text.startsWith("kms:")) return "kms";
  return text.startsWith("local:") ? "local" : null;
}

export function malformed(problem: string): KeysError {
  return new KeysError("envelope-malformed", `not an envelope: ${problem}`);
}

/** One value has one text: what a canonical encoder would not write is refused. */
function decode(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}
