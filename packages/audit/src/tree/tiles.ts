/** Tiles of a log: its hashes in files of 256, eight tree levels to a file (C2SP tlog-tiles). */
import { HASH_BYTES, type TreeHash } from "./hash.ts";
import { foldSubtrees, type LeafRange, type Subtree, subtreesOf } from "./subtrees.ts";

/** Tree levels from one tile level to the next. */
export const TILE_HEIGHT = 8;
/** Hashes, or entries, of a full tile. */
export const TILE_WIDTH = 256;
const MAX_LEVEL = 63;

/** A tile by its place. `width` hashes wide; below 256 it is partial. */
export interface TileId {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** `tile/<level>/<index>[.p/<width>]`, below the log's prefix. */
export function tilePath({ level, index, width }: TileId): string {
  return `tile/${level}/${indexPath(index)}${widthSuffix(width)}`;
}

/** `tile/entries/<index>[.p/<width>]`, below the log's prefix. */
export function entriesPath(index: number, width: number): string {
  return `tile/entries/${indexPath(index)}${widthSuffix(width)}`;
}

/** Three digits a path element, all but the last marked: 1234067 is `x001/x234/067`. */
function indexPath(index: number): string {
  const elements = [digits(index % 1000)];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    elements.unshift(`x${digits(rest % 1000)}`);
  }
  return elements.join("/");
}

function digits(value: number): string {
  return String(value).padStart(3, "0");
}

function widthSuffix(width: number): string {
  return width === TILE_WIDTH ? "" : `.p/${width}`;
}

const PATH = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** A path as `tilePath` or `entriesPath` writes it, read back; level null means entries. Null for anything else. */
export function parseTilePath(path: string): { level: number | null; index: number; width: number } | null {
  const [, kind, elements, partial] = PATH.exec(path) ?? [];
  if (kind === undefined || elements === undefined) return null;
  const level = kind === "entries" ? null : Number(kind);
  const index = Number(elements.replaceAll(/[x/]/g, ""));
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  const canonical = indexPath(index) === elements;
  const bounded = (level ?? 0) <= MAX_LEVEL && (partial === undefined || width < TILE_WIDTH);
  return canonical && bounded ? { level, index, width } : null;
}

/** How many hashes the tile at this place holds in a tree of `size` leaves; 0 when it is not there yet. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** The tile of a tree of `size` leaves that holds this complete subtree's hash, or the hashes below it. */
export function tileOf({ level, index }: Subtree, size: number): TileId {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const first = index * 2 ** (level % TILE_HEIGHT);
  const tileIndex = Math.floor(first / TILE_WIDTH);
  return { level: tileLevel, index: tileIndex, width: tileWidth(tileLevel, tileIndex, size) };
}

/** A complete subtree's hash out of the tile that `tileOf` names. */
export function subtreeHash(hash: TreeHash, tile: Uint8Array, { level, index }: Subtree): Uint8Array {
  const width = 2 ** (level % TILE_HEIGHT);
  const first = (index * width) % TILE_WIDTH;
  if ((first + width) * HASH_BYTES > tile.length) throw new RangeError("the tile is too narrow");
  return hashOfRow(hash, tile.subarray(first * HASH_BYTES, (first + width) * HASH_BYTES));
}

/** The root over a row of 1, 2, 4, … or 256 hashes. */
export function hashOfRow(hash: TreeHash, row: Uint8Array): Uint8Array {
  let hashes: Uint8Array[] = [];
  for (let at = 0; at < row.length; at += HASH_BYTES) hashes.push(row.subarray(at, at + HASH_BYTES));
  while (hashes.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < hashes.length; i += 2)
      above.push(hash.node(hashes[i] as Uint8Array, hashes[i + 1] as Uint8Array));
    hashes = above;
  }
  return hashes[0] as Uint8Array;
}

/** Reads a tile of exactly `width` hashes; rejects when it is not there. */
export type ReadTile = (tile: TileId) => Promise<Uint8Array>;

/** The hashes of ranges of a tree of `size` leaves, from as few tiles as they need, fetched at once. */
export async function rangeHashes(
  hash: TreeHash,
  read: ReadTile,
  ranges: readonly LeafRange[],
  size: number,
): Promise<Uint8Array[]> {
  const tiles = new Map<string, Promise<Uint8Array>>();
  const fetchOnce = (tile: TileId): Promise<Uint8Array> => {
    const path = tilePath(tile);
    const known = tiles.get(path) ?? read(tile);
    tiles.set(path, known);
    return known;
  };
  return Promise.all(
    ranges.map(async (range) => {
      const hashes = await Promise.all(
        subtreesOf(range).map(async (subtree) =>
          subtreeHash(hash, await fetchOnce(tileOf(subtree, size)), subtree),
        ),
      );
      return foldSubtrees(hashes, hash.node) ?? hash.empty;
    }),
  );
}
