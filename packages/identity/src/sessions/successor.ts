import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import type { Random } from "@rempart/kernel";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const INFO = "rempart session successor 1";

/**
 * A token sealed so that only the holder of the token before it can open it. The database keeps the result, and the
 * token's digest, which opens nothing.
 */
export function sealSuccessor(successor: string, token: string, random: Random): Buffer {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", keyOf(token), nonce);
  return Buffer.concat([nonce, cipher.update(successor, "latin1"), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when `sealed` was made under another token or was tampered with. */
export function openSuccessor(sealed: Buffer, token: string): string {
  const decipher = createDecipheriv("aes-256-gcm", keyOf(token), sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, "latin1");
  return text + decipher.final("latin1");
}

/** The token has 256 random bits, so it needs no salt (RFC 5869, section 3.1). */
function keyOf(token: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", token, "", INFO, 32));
}
