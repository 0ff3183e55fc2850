/**
 * A file of any size in chunks of 64 KiB, each sealed by itself so that none leaves unverified, and their order with them:
 * the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015), as in age.
 *
 *     length of the prefix (2) prefix salt (16) commitment (32) then chunks: ciphertext (up to 65,536) tag (16)
 *
 * The prefix is that of an envelope. A chunk's nonce is its number (11 bytes) and 1 for the last or 0 (1 byte): a chunk left
 * out, moved, repeated or put behind the last does not open. Only an empty stream has an empty last chunk.
 */
import { createCipheriv, createDecipheriv, timingSafeEqual } from "node:crypto";
import { utf8 } from "@rempart/kernel";
import {
  COMMITMENT_BYTES,
  type DataKey,
  emptyRecordKey,
  type RecordKey,
  SALT_BYTES,
} from "../envelope/data-key.ts";
import { CIPHER, finish, MAX_PREFIX_LENGTH, malformed, refused, TAG_BYTES } from "../envelope/envelope.ts";
import { KeysError } from "../errors.ts";
import type { Where } from "../ports.ts";
import type { ByteSource } from "./byte-source.ts";

const CHUNK_BYTES = 65_536;
/** 1 TiB: AES-GCM under one key stays far from its bounds. */
const MAX_CHUNKS = 2 ** 24;

export interface StreamStart {
  readonly prefix: string;
  readonly salt: Buffer;
  readonly commitment: Buffer;
}

export function deriveStreamKey(key: DataKey, salt: Uint8Array, where: Where): RecordKey {
  const derived = emptyRecordKey();
  key.derive("stream", salt, where, derived);
  return derived;
}

export function encodeStart(prefix: string, salt: Uint8Array, commitment: Uint8Array): Buffer {
  const text = utf8(prefix);
  return Buffer.concat([Uint8Array.of(text.length >> 8, text.length), text, salt, commitment]);
}

/** Throws `envelope-malformed`. */
export async function readStart(source: ByteSource): Promise<StreamStart> {
  const size = await source.take(2);
  const length = size.length === 2 ? size.readUInt16BE() : 0;
  if (length === 0 || length > MAX_PREFIX_LENGTH) throw malformed("no stream of ours begins so");
  const prefix = (await source.take(length)).toString("latin1");
  const salt = await source.take(SALT_BYTES);
  const commitment = await source.take(COMMITMENT_BYTES);
  if (commitment.length < COMMITMENT_BYTES) throw malformed("the stream is cut");
  return { prefix, salt, commitment };
}

/** Throws `envelope-refused` before any chunk is looked at unless the stream was begun with this key for this place. */
export function verifyStart({ commitment }: StreamStart, derived: RecordKey): void {
  if (!timingSafeEqual(derived.commitment, commitment)) throw refused();
}

export async function* sealChunks(source: ByteSource, key: Uint8Array): AsyncGenerator<Buffer, void, void> {
  for (let number = 0, last = false; !last; number += 1) {
    if (number === MAX_CHUNKS) throw tooLarge();
    const chunk = await source.take(CHUNK_BYTES);
    last = await source.atEnd();
    const cipher = createCipheriv(CIPHER, key, nonceOf(number, last));
    yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  }
}

export async function* openChunks(source: ByteSource, key: Uint8Array): AsyncGenerator<Buffer, void, void> {
  for (let number = 0, last = false; !last; number += 1) {
    if (number === MAX_CHUNKS) throw tooLarge();
    const chunk = await source.take(CHUNK_BYTES + TAG_BYTES);
    last = await source.atEnd();
    if (chunk.length < TAG_BYTES || (chunk.length === TAG_BYTES && number > 0)) throw refused();
    const decipher = createDecipheriv(CIPHER, key, nonceOf(number, last), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(chunk.subarray(-TAG_BYTES));
    yield finish(decipher.update(chunk.subarray(0, -TAG_BYTES)), decipher);
  }
}

function nonceOf(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function tooLarge(): KeysError {
  return new KeysError("too-large", `a stream holds up to ${MAX_CHUNKS * CHUNK_BYTES} bytes`);
}
