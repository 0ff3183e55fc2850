import { fromUtf8, utf8 } from "@rempart/kernel";
import { toBase64 } from "../note/base64.ts";
import { parseHash } from "../note/checkpoint.ts";
import type { Sha256 } from "../tree/hash.ts";

/** What a leaf says of an entry. It is public to whoever may read the tree: nothing personal, nothing that can be guessed. */
export interface LeafFields {
  readonly id: string;
  /** Unix milliseconds. */
  readonly time: number;
  readonly type: string;
  readonly retention: string;
  readonly commitment: Uint8Array;
}

/** The bytes of the log's entry: what is hashed into the tree and served in entry bundles. */
export function leafBytes({ id, time, type, retention, commitment }: LeafFields): Uint8Array {
  // Canonical JSON as it stands: its members in order, its values strings.
  const fields = {
    commitment: toBase64(commitment),
    id,
    retention,
    time: new Date(time).toISOString(),
    type,
  };
  return utf8(JSON.stringify({ ...fields, v: 1 }));
}

const LENGTH_BYTES = 4;

/** Binds an entry's body and its encrypted personal part, and hides both: `salt` is 16 random bytes. */
export function commitmentOf(
  sha256: Sha256,
  { salt, body, personal }: { salt: Uint8Array; body: string; personal: Uint8Array | null },
): Uint8Array {
  const text = utf8(body);
  const input = new Uint8Array(salt.length + LENGTH_BYTES + text.length + (personal?.length ?? 0));
  input.set(salt);
  new DataView(input.buffer).setUint32(salt.length, text.length);
  input.set(text, salt.length + LENGTH_BYTES);
  if (personal !== null) input.set(personal, salt.length + LENGTH_BYTES + text.length);
  return sha256(input);
}

/** A leaf's fields read back from its bytes; null for bytes that `leafBytes` would not have written. */
export function parseLeaf(bytes: Uint8Array): LeafFields | null {
  const text = fromUtf8(bytes);
  const parsed = text === null ? null : parseObject(text);
  if (parsed === null) return null;
  const { id, time, type, retention, commitment } = parsed;
  if (typeof id !== "string" || typeof type !== "string" || typeof retention !== "string") return null;
  if (typeof time !== "string" || typeof commitment !== "string") return null;
  const milliseconds = Date.parse(time);
  const digest = parseHash(commitment);
  if (Number.isNaN(milliseconds) || digest === null) return null;
  const fields = { id, time: milliseconds, type, retention, commitment: digest };
  return fromUtf8(leafBytes(fields)) === text ? fields : null;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
