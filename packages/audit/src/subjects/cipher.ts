/** Personal data under a subject's key: version, nonce, AES-256-GCM ciphertext, tag. Bound to its entry. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Random } from "@rempart/kernel";

export const SUBJECT_KEY_BYTES = 32;
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OVERHEAD = 1 + NONCE_BYTES + TAG_BYTES;

export function sealPersonal(key: Uint8Array, text: string, entryId: string, random: Random): Buffer {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(entryId));
  const body = cipher.update(text, "utf8");
  cipher.final();
  const sealed = Buffer.allocUnsafe(OVERHEAD + body.length);
  sealed[0] = VERSION;
  sealed.set(nonce, 1);
  sealed.set(body, 1 + NONCE_BYTES);
  sealed.set(cipher.getAuthTag(), sealed.length - TAG_BYTES);
  return sealed;
}

/** Null when it was not sealed under this key for this entry. */
export function openPersonal(key: Uint8Array, sealed: Uint8Array, entryId: string): string | null {
  if (sealed[0] !== VERSION || sealed.length < OVERHEAD) return null;
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const body = sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES);
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(entryId));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    return decipher.update(body, undefined, "utf8") + decipher.final("utf8");
  } catch {
    return null;
  }
}
