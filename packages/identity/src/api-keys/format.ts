import { crc32 } from "node:zlib";
import { type Random, toHex } from "@rempart/kernel";

/**
 * `rmpk_`, 64 hexadecimal digits of a random secret, and 8 of their CRC-32: scanners of source code tell a real key from
 * something like one without asking us, and so do we.
 */
const FORM = /^rmpk_[0-9a-f]{72}$/;
const KEY_LENGTH = 77;
const PREFIX = "rmpk_";
const SECRET_BYTES = 32;
const SECRET_DIGITS = 64;
const SHOWN = 13;

export function mintApiKey(random: Random): string {
  const secret = toHex(random.bytes(SECRET_BYTES));
  return PREFIX + secret + checksum(secret);
}

/** True for a text that was made as a key, whoever made it. */
export function isApiKey(text: string): boolean {
  if (text.length !== KEY_LENGTH || !FORM.test(text)) return false;
  const secret = text.slice(PREFIX.length, PREFIX.length + SECRET_DIGITS);
  return text.endsWith(checksum(secret));
}

/** What its owner knows it by: 32 bits of the secret's 256. */
export function shownPrefix(key: string): string {
  return key.slice(0, SHOWN);
}

function checksum(secret: string): string {
  return crc32(secret).toString(16).padStart(8, "0");
}
