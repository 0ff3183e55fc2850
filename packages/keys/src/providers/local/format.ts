/**
 * The key file: one JSON document, several versions of the key, one of them in use.
 *
 *     { "format": "rempart-keys-1", "current": "2", "keys": { "1": { "made": "2026-…Z", "key": "<32 bytes, base64url>" }, … } }
 */
import { fromBase64Url, toBase64Url } from "@rempart/kernel";
import { KeysError } from "../../errors.ts";

export interface KeyVersion {
  /** Unix milliseconds. */
  readonly madeAt: number;
  readonly key: Uint8Array;
}

export interface KeySet {
  readonly current: string;
  readonly keys: ReadonlyMap<string, KeyVersion>;
}

const FORMAT = "rempart-keys-1";
const VERSION = /^[1-9]\d{0,8}$/;
export const MAX_FILE_BYTES = 65_536;
export const LOCAL_KEY_BYTES = 32;

export function encodeKeySet({ current, keys }: KeySet): string {
  const entries = [...keys].map(([version, { madeAt, key }]) => [
    version,
    { made: new Date(madeAt).toISOString(), key: toBase64Url(key) },
  ]);
  return `${JSON.stringify({ format: FORMAT, current, keys: Object.fromEntries(entries) }, null, 2)}\n`;
}

/** Throws `key-file-damaged`, without a word of the contents. */
export function decodeKeySet(text: string): KeySet {
  const document = parse(text);
  const { format, current, keys } = document;
  if (format !== FORMAT || typeof current !== "string" || typeof keys !== "object" || keys === null)
    throw damaged("not a key file of this version");
  const decoded = new Map(
    Object.entries(keys).map(([version, entry]) => [version, decodeVersion(version, entry)]),
  );
  if (!decoded.has(current)) throw damaged("its current version is missing");
  return { current, keys: decoded };
}

function parse(text: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === "object" && document !== null) return document as Record<string, unknown>;
  } catch {
    // The parser's error would repeat a piece of the key.
  }
  throw damaged("not JSON");
}

function decodeVersion(version: string, entry: unknown): KeyVersion {
  const { made, key } = (entry ?? {}) as Record<string, unknown>;
  const bytes = typeof key === "string" ? fromBase64Url(key) : null;
  const madeAt = typeof made === "string" ? Date.parse(made) : Number.NaN;
  if (!VERSION.test(version) || bytes?.length !== LOCAL_KEY_BYTES || Number.isNaN(madeAt))
    throw damaged(`version ${JSON.stringify(version.slice(0, 12))} is not a key`);
  return { madeAt, key: bytes };
}

function damaged(problem: string): KeysError {
  return new KeysError("key-file-damaged", `the key file is damaged: ${problem}`);
}
