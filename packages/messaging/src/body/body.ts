import {
  type Bytes,
  equalBytes,
  fromBase64Url,
  fromUtf8,
  type Random,
  toBase64Url,
  utf8,
} from "@rempart/kernel";
import { LIMITS } from "../contract/index.ts";
import type { DeviceIdentity } from "../framing/index.ts";
import { BODY_VERSION, body, KNOWN_CONTENT_TYPES, type MessageBody, outline, SALT_BYTES } from "./schema.ts";

export interface SealedBody {
  /** The plaintext to encrypt: JSON in UTF-8. */
  readonly bytes: Bytes;
  /** The franking tag, 32 bytes, to send as MLS authenticated data. */
  readonly tag: Bytes;
}

/**
 * Encodes a body and commits to it: `tag = HMAC-SHA256(salt, bytes)` with a fresh salt inside the bytes. The server stores
 * the tag with the ciphertext and learns nothing from it; a recipient who reports the message reveals the bytes, and
 * anybody can check that they are what was sent (message franking).
 */
export async function sealBody(message: MessageBody, random: Random): Promise<SealedBody> {
  const salt = random.bytes(SALT_BYTES);
  const encoded = body.parse({ v: BODY_VERSION, ...message, salt: toBase64Url(salt) });
  const bytes = utf8(JSON.stringify(encoded));
  return { bytes, tag: await frankingTag(salt, bytes) };
}

async function frankingTag(salt: Bytes, bytes: Uint8Array): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new Uint8Array(bytes)));
}

/**
 * Why a decrypted message is not shown. `tampered`: the tag is not this body's, or the body was written for another place.
 * `sender-mismatch`: it names another author than the device that encrypted it. `malformed`: not a body at all.
 * `unsupported`: a body of a later version, authentic as far as can be told.
 */
export type BodyRefusal = "tampered" | "sender-mismatch" | "malformed" | "unsupported";

export type BodyCheck =
  | { readonly ok: true; readonly message: MessageBody }
  | { readonly ok: false; readonly reason: BodyRefusal };

export interface ReceivedBody {
  readonly bytes: Uint8Array;
  readonly authenticatedData: Uint8Array;
  /** Whose leaf encrypted it, as MLS authenticated it. */
  readonly sender: DeviceIdentity;
  /** What the server's envelope says. */
  readonly envelope: DeviceEnvelope;
}

export interface DeviceEnvelope {
  readonly id: string;
  readonly conversationId: string;
  readonly senderId: string;
  readonly deviceId: string;
}

/** Decides whether a decrypted body may be shown, in this order: tag, version, form, place, author. */
export async function checkReceived(received: ReceivedBody): Promise<BodyCheck> {
  const json = parse(received.bytes);
  const seen = outline.safeParse(json);
  if (!seen.success) return { ok: false, reason: "malformed" };
  if (!(await verifyTag(seen.data.salt, received))) return { ok: false, reason: "tampered" };
  if (seen.data.v > BODY_VERSION || !KNOWN_CONTENT_TYPES.has(seen.data.content.type))
    return { ok: false, reason: "unsupported" };
  const read = body.safeParse(json);
  if (!read.success) return { ok: false, reason: "malformed" };
  const { v: _version, salt: _salt, ...message } = read.data;
  const refusal = checkIds(message, received);
  return refusal === null ? { ok: true, message } : { ok: false, reason: refusal };
}

/** True when `bytes` are the body that `tag` was made for. What a moderator checks of a reported message. */
export async function verifyFranking(bytes: Uint8Array, tag: Uint8Array): Promise<boolean> {
  const seen = outline.safeParse(parse(bytes));
  return seen.success && verifyTag(seen.data.salt, { bytes, authenticatedData: tag });
}

async function verifyTag(
  salt: string,
  received: Pick<ReceivedBody, "bytes" | "authenticatedData">,
): Promise<boolean> {
  const key = fromBase64Url(salt);
  return key !== null && equalBytes(await frankingTag(key, received.bytes), received.authenticatedData);
}

function checkIds(message: MessageBody, { sender, envelope }: ReceivedBody): BodyRefusal | null {
  if (message.id !== envelope.id || message.conversationId !== envelope.conversationId) return "tampered";
  const authors = [message, { senderId: sender.userId, deviceId: sender.deviceId }];
  const agree = authors.every((a) => a.senderId === envelope.senderId && a.deviceId === envelope.deviceId);
  return agree ? null : "sender-mismatch";
}

/** Undefined for anything but JSON text of acceptable size. */
function parse(bytes: Uint8Array): unknown {
  const text = bytes.length <= LIMITS.applicationMessageBytes ? fromUtf8(bytes) : null;
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
