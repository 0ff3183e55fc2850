/** Which hashes the signed tree has, when the files and the database do not say the same. */
import { equalBytes } from "@rempart/kernel";
import { HASH_BYTES, type TreeHash } from "../tree/hash.ts";
import { hashOfRow, TILE_WIDTH } from "../tree/tiles.ts";

export interface Witnesses {
  /** The block's tile, as published; null when it is missing or has another width. */
  readonly tile: Uint8Array | null;
  /** The hashes of the database's rows, in order; null when a row is missing. */
  readonly rows: Uint8Array | null;
  /** The block's hash as the tile above has it; null for the last, partial block. */
  readonly above: Uint8Array | null;
}

export interface Truth {
  readonly hashes: Uint8Array;
  readonly source: "both" | "tile" | "rows";
}

/** Null when neither of the two can be believed to be the block that was signed. */
export function truthOf(hash: TreeHash, { tile, rows, above }: Witnesses): Truth | null {
  if (tile !== null && rows !== null && equalBytes(tile, rows)) return { hashes: tile, source: "both" };
  if (tile !== null && isBlock(hash, tile, above)) return { hashes: tile, source: "tile" };
  if (rows !== null && isBlock(hash, rows, above)) return { hashes: rows, source: "rows" };
  return null;
}

function isBlock(hash: TreeHash, hashes: Uint8Array, above: Uint8Array | null): boolean {
  // The last block has nothing above it: the root over the whole log decides.
  if (above === null) return true;
  return hashes.length === TILE_WIDTH * HASH_BYTES && equalBytes(hashOfRow(hash, hashes), above);
}
