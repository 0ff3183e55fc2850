/**
 * Reads values that an earlier system encrypted with AES-256-CBC, and writes none. A value is hexadecimal text in three parts:
 *
 *     <IV, 16 bytes>:<ciphertext>:<HMAC-SHA256 of IV and ciphertext, 32 bytes>
 *
 * Only what carries a MAC is read (encrypt-then-MAC), and nothing is decrypted before the MAC is right: what is wrong with the
 * padding is never seen, so it cannot be asked about.
 */
import { createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { fromHex } from "@rempart/kernel";
import { KeysError } from "../errors.ts";

export interface CbcKeys {
  /** 32 bytes. */
  readonly encryption: Uint8Array;
  /** At least 32 bytes, and not the encryption key. */
  readonly mac: Uint8Array;
}

const MAX_LENGTH = 2_097_152;
const FORMAT = /^([0-9a-f]{32}):((?:[0-9a-f]{32})+):([0-9a-f]{64})$/i;

/** Throws `envelope-malformed` or `envelope-refused`. */
export function openImportedCbc(text: string, { encryption, mac }: CbcKeys): Uint8Array {
  assertKeys({ encryption, mac });
  const [iv, ciphertext, tag] = parse(text);
  const expected = createHmac("sha256", mac).update(iv).update(ciphertext).digest();
  if (!timingSafeEqual(expected, tag)) throw refused();
  try {
    const decipher = createDecipheriv("aes-256-cbc", encryption, iv);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    throw refused();
  }
}

function parse(text: string): [iv: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array] {
  const match = text.length > MAX_LENGTH ? null : FORMAT.exec(text);
  if (match === null) throw new KeysError("envelope-malformed", "not a value of the imported format");
  const [, iv = "", ciphertext = "", tag = ""] = match;
  return [fromHex(iv) as Uint8Array, fromHex(ciphertext) as Uint8Array, fromHex(tag) as Uint8Array];
}

function assertKeys({ encryption, mac }: CbcKeys): void {
  if (encryption.length !== 32) throw new TypeError("the encryption key must be 32 bytes");
  if (mac.length < 32) throw new TypeError("the MAC key must be at least 32 bytes");
  if (Buffer.from(mac).equals(encryption)) throw new TypeError("the MAC key must not be the encryption key");
}

function refused(): KeysError {
  return new KeysError("envelope-refused", "the imported value is not authentic");
}
