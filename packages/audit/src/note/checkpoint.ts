/** What a signed note of a log says: whose log, how many entries, which root (C2SP tlog-checkpoint). */
import { HASH_BYTES } from "../tree/hash.ts";
import { isSize } from "../tree/subtrees.ts";
import { fromBase64, toBase64 } from "./base64.ts";

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Further lines of the note, without meaning here. */
  readonly extensions: readonly string[];
}

const DECIMAL = /^(?:0|[1-9]\d{0,15})$/;

/** A size as it stands in a note: decimal, without leading zeros, below 2^53. Null for anything else. */
export function parseSize(text: string): number | null {
  if (!DECIMAL.test(text)) return null;
  const size = Number(text);
  return isSize(size) ? size : null;
}

/** One hash in base64; null unless it is exactly 32 bytes. */
export function parseHash(text: string): Uint8Array | null {
  const bytes = fromBase64(text);
  return bytes?.length === HASH_BYTES ? bytes : null;
}

/** Null for a text that is not a checkpoint's. */
export function parseCheckpoint(text: string): Checkpoint | null {
  if (!text.endsWith("\n")) return null;
  const [origin, sizeText, rootText, ...extensions] = text.slice(0, -1).split("\n");
  if (!origin || sizeText === undefined || rootText === undefined || extensions.includes("")) return null;
  const size = parseSize(sizeText);
  const root = parseHash(rootText);
  return size === null || root === null ? null : { origin, size, root, extensions };
}

export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  return `${[origin, String(size), toBase64(root), ...extensions].join("\n")}\n`;
}
