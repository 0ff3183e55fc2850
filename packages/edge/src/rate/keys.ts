import type { KeyPart } from "../ports.ts";

/** What a counter is told apart by; at least one part. */
export type KeyParts = { readonly [Part in KeyPart]?: string };

/** Longer identities share what they have in common: an unbounded key would be memory for the asking. */
const MAX_PART = 128;

const LETTERS: Readonly<Record<KeyPart, string>> = { address: "a", user: "u", tenant: "t", endpoint: "e" };
const PARTS = Object.keys(LETTERS) as KeyPart[];

/**
 * The key of a mix of parts, for `edge.limit` and limiters: `limitKey({ user, endpoint: "export" })`. Different parts of up
 * to 128 characters never make the same key, whatever they hold.
 */
export function limitKey(parts: KeyParts): string {
  let key = "";
  for (const part of PARTS) {
    const value = parts[part];
    if (value === undefined) continue;
    key += `${key === "" ? "" : "|"}${LETTERS[part]}=${escapePart(value.slice(0, MAX_PART))}`;
  }
  if (key === "") throw new TypeError("a key needs at least one part");
  return key;
}

function escapePart(value: string): string {
  return value.includes("|") || value.includes("%") ? value.replace(/[%|]/g, encodeURIComponent) : value;
}
