/** The end of the published log: what is kept in memory to append to it. */
import { concat } from "@rempart/kernel";
import { AuditError } from "../errors.ts";
import type { ObjectStore } from "../ports.ts";
import { append, type Edge, EMPTY_EDGE, edgeTiles } from "../tree/edge.ts";
import { HASH_BYTES, type TreeHash } from "../tree/hash.ts";
import { entriesPath, TILE_WIDTH, type TileId, tilePath } from "../tree/tiles.ts";
import { packEntry, unpackEntries } from "./bundle.ts";

export interface Tail {
  readonly edge: Edge;
  /** The last entry bundle, while it is partial; empty when the one before it is full. */
  readonly bundle: Uint8Array;
}

export const EMPTY_TAIL: Tail = { edge: EMPTY_EDGE, bundle: new Uint8Array(0) };

export interface StoredObject {
  readonly path: string;
  readonly content: Uint8Array;
}

export interface Extended {
  readonly tail: Tail;
  readonly objects: StoredObject[];
  /** Folders of partial tiles and bundles whose full ones are among `objects`. */
  readonly spent: string[];
}

/** The tail after `entries`, and the files that the log then consists of more. */
export function extend(
  hash: TreeHash,
  tail: Tail,
  entries: readonly { leaf: Uint8Array; bytes: Uint8Array }[],
): Extended {
  const grown = append(
    hash,
    tail.edge,
    entries.map(({ leaf }) => leaf),
  );
  const objects: StoredObject[] = grown.tiles.map((tile) => ({ path: tilePath(tile), content: tile.hashes }));
  const spent = grown.tiles.filter(({ width }) => width === TILE_WIDTH).map((tile) => `${tilePath(tile)}.p`);
  const bundles = extendBundles(
    tail,
    entries.map(({ bytes }) => bytes),
  );
  return {
    tail: { edge: grown.edge, bundle: bundles.rest },
    objects: [...objects, ...bundles.objects],
    spent: [...spent, ...bundles.spent],
  };
}

function extendBundles(
  { edge, bundle }: Tail,
  entries: readonly Uint8Array[],
): { rest: Uint8Array; objects: StoredObject[]; spent: string[] } {
  const objects: StoredObject[] = [];
  const spent: string[] = [];
  let index = Math.floor(edge.size / TILE_WIDTH);
  let width = edge.size % TILE_WIDTH;
  let parts: Uint8Array[] = [bundle];
  for (const entry of entries) {
    parts.push(packEntry(entry));
    width += 1;
    if (width < TILE_WIDTH) continue;
    const path = entriesPath(index, TILE_WIDTH);
    objects.push({ path, content: concat(...parts) });
    spent.push(`${path}.p`);
    parts = [];
    index += 1;
    width = 0;
  }
  const rest = concat(...parts);
  if (width > 0) objects.push({ path: entriesPath(index, width), content: rest });
  return { rest, objects, spent };
}

/** The tail of a log of `size` entries as it was published. Rejects with `missing-tile` also for a file that is not whole. */
export async function readTail(objects: ObjectStore, size: number): Promise<Tail> {
  const tiles = await Promise.all(
    edgeTiles(size).map((tile) => (tile.width === 0 ? new Uint8Array(0) : readTile(objects, tile))),
  );
  const width = size % TILE_WIDTH;
  const bundle = width === 0 ? new Uint8Array(0) : await readBundle(objects, size);
  return { edge: { size, tiles }, bundle };
}

async function readTile(objects: ObjectStore, tile: TileId): Promise<Uint8Array> {
  const hashes = await readObject(objects, tilePath(tile));
  if (hashes.length !== tile.width * HASH_BYTES)
    throw new AuditError("missing-tile", `${tilePath(tile)} is not whole`);
  return hashes;
}

async function readBundle(objects: ObjectStore, size: number): Promise<Uint8Array> {
  const width = size % TILE_WIDTH;
  const path = entriesPath(Math.floor(size / TILE_WIDTH), width);
  const bundle = await readObject(objects, path);
  if (unpackEntries(bundle)?.length !== width) throw new AuditError("missing-tile", `${path} is not whole`);
  return bundle;
}

export async function readObject(objects: ObjectStore, path: string): Promise<Uint8Array> {
  const content = await objects.get(path);
  if (content === null) throw new AuditError("missing-tile", `the object store has no ${path}`);
  return content;
}
