import { equalBytes } from "@rempart/kernel";
import type { Sha256 } from "../tree/hash.ts";
import type { Json } from "./canonical.ts";
import { commitmentOf, type LeafFields, parseLeaf } from "./leaf.ts";

/** What a leaf hides, for whoever may know it. */
export interface Disclosure {
  /** The entry's bytes, whose hash stands in the tree. */
  readonly leaf: Uint8Array;
  /** Canonical JSON. */
  readonly body: string;
  readonly salt: Uint8Array;
  /** The encrypted personal part; null when there is none. */
  readonly personal: Uint8Array | null;
}

export interface OpenedLeaf extends LeafFields {
  readonly body: Json;
}

/** What the leaf commits to; null when it does not commit to what is disclosed. Where it stands is for a proof to say. */
export function openLeaf(sha256: Sha256, { leaf, ...hidden }: Disclosure): OpenedLeaf | null {
  const fields = parseLeaf(leaf);
  if (fields === null || !equalBytes(commitmentOf(sha256, hidden), fields.commitment)) return null;
  const body = parseBody(hidden.body);
  return body === undefined ? null : { ...fields, body };
}

/** Whoever made the commitment may have made it over anything. */
function parseBody(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
