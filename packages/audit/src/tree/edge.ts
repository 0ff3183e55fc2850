/** The right edge of a tree: all that must be kept to append to it. */
import { concat } from "@rempart/kernel";
import { HASH_BYTES, type TreeHash } from "./hash.ts";
import { foldSubtrees, subtreesOf } from "./subtrees.ts";
import { hashOfRow, subtreeHash, TILE_WIDTH, type TileId, tileOf, tileWidth } from "./tiles.ts";

/** `tiles[level]` holds the hashes of the level's last tile, empty when the tile before it was just filled. */
export interface Edge {
  readonly size: number;
  readonly tiles: readonly Uint8Array[];
}

export interface Tile extends TileId {
  readonly hashes: Uint8Array;
}

export const EMPTY_EDGE: Edge = { size: 0, tiles: [] };

/**
 * The edge after `leaves` (leaf hashes in order), and every tile that came to be: those filled on the way, and the partial
 * ones of the new size.
 */
export function append(
  hash: TreeHash,
  edge: Edge,
  leaves: readonly Uint8Array[],
): { edge: Edge; tiles: Tile[] } {
  const written: Tile[] = [];
  const levels: Uint8Array[] = [];
  let arriving: readonly Uint8Array[] = leaves;
  for (let level = 0; arriving.length > 0 || level < edge.tiles.length; level += 1) {
    const before = Math.floor(edge.size / TILE_WIDTH ** level);
    const grown = grow(hash, edge.tiles[level], arriving, { level, before });
    written.push(...grown.tiles);
    levels.push(grown.rest);
    arriving = grown.above;
  }
  return { edge: { size: edge.size + leaves.length, tiles: levels }, tiles: written };
}

interface Grown {
  readonly rest: Uint8Array;
  readonly tiles: Tile[];
  /** The roots of the tiles that were filled: what arrives one level above. */
  readonly above: Uint8Array[];
}

/** One tile level: `before` hashes stand on it, of which `kept` are in its last tile. */
function grow(
  hash: TreeHash,
  kept: Uint8Array = new Uint8Array(0),
  arriving: readonly Uint8Array[],
  { level, before }: { level: number; before: number },
): Grown {
  if (arriving.length === 0) return { rest: kept, tiles: [], above: [] };
  const row = concat(kept, ...arriving);
  const tiles: Tile[] = [];
  const above: Uint8Array[] = [];
  const bytes = TILE_WIDTH * HASH_BYTES;
  let index = Math.floor(before / TILE_WIDTH);
  let at = 0;
  for (; at + bytes <= row.length; at += bytes, index += 1) {
    const hashes = row.subarray(at, at + bytes);
    tiles.push({ level, index, width: TILE_WIDTH, hashes });
    above.push(hashOfRow(hash, hashes));
  }
  const rest = row.slice(at);
  if (rest.length > 0) tiles.push({ level, index, width: rest.length / HASH_BYTES, hashes: rest });
  return { rest, tiles, above };
}

/** The root hash of the tree whose right edge this is. */
export function rootOf(hash: TreeHash, edge: Edge): Uint8Array {
  const hashes = subtreesOf({ start: 0, end: edge.size }).map((subtree) => {
    const { level } = tileOf(subtree, edge.size);
    return subtreeHash(hash, edge.tiles[level] as Uint8Array, subtree);
  });
  return foldSubtrees(hashes, hash.node) ?? hash.empty;
}

/** The partial tiles that a tree of `size` leaves ends in, to be read when a log is opened again. */
export function edgeTiles(size: number): TileId[] {
  const tiles: TileId[] = [];
  for (let level = 0; TILE_WIDTH ** level <= size; level += 1) {
    const index = Math.floor(Math.floor(size / TILE_WIDTH ** level) / TILE_WIDTH);
    tiles.push({ level, index, width: tileWidth(level, index, size) });
  }
  return tiles;
}
