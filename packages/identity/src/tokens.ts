import { hash } from "node:crypto";
import { fromBase64Url, type Random, toBase64Url } from "@rempart/kernel";

const TOKEN_BYTES = 32;

/** 32 bytes as base64url without padding. */
export const TOKEN_LENGTH = 43;

/** A bearer secret of 256 bits: a session, a ticket or an invitation. */
export function mintToken(random: Random): string {
  return toBase64Url(random.bytes(TOKEN_BYTES));
}

/** True for the canonical text of 32 bytes; anything else cannot be a token and need not be looked up. */
export function isToken(text: string): boolean {
  return text.length === TOKEN_LENGTH && fromBase64Url(text) !== null;
}

/** SHA-256 of the token's text: what is stored, and the key of the cache. */
export function digest(token: string): Buffer {
  return hash("sha256", token, "buffer");
}

/** The same digest as text, for a map. */
export function digestText(token: string): string {
  return hash("sha256", token, "base64url");
}

export function digestFromText(text: string): Buffer {
  return Buffer.from(text, "base64url");
}
