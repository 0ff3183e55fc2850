/** The files of a log made anew, from the database and from the log that it continues. */
import type { Queryable } from "@rempart/database";
import { equalBytes } from "@rempart/kernel";
import { AuditError } from "../errors.ts";
import type { ObjectStore } from "../ports.ts";
import type { TreeHash } from "../tree/hash.ts";
import { entriesPath, TILE_WIDTH } from "../tree/tiles.ts";
import { unpackEntries } from "./bundle.ts";
import { entryBytes, type LeafRow, leavesFrom, MAX_ENTRIES_PER_HEAD } from "./leaves.ts";
import { EMPTY_TAIL, extend, type Tail } from "./tail.ts";

interface RebuildOptions {
  readonly hash: TreeHash;
  readonly objects: ObjectStore;
  /** Where entries whose rows were pruned stand in full bundles. */
  readonly earlier: ObjectStore;
}

/** Writes what a log of the database's first `size` places consists of, and answers its end. */
export async function rebuild(
  db: Queryable,
  { hash, objects, earlier }: RebuildOptions,
  size: number,
): Promise<Tail> {
  let tail = EMPTY_TAIL;
  while (tail.edge.size < size) {
    const start = tail.edge.size;
    const rows = await leavesFrom(db, start, Math.min(MAX_ENTRIES_PER_HEAD, size - start));
    if (rows.length === 0) throw new AuditError("log-diverged", `the database has no place ${start}`);
    const extended = extend(hash, tail, await entriesOf(rows, hash, earlier));
    await Promise.all(extended.objects.map(({ path, content }) => objects.put(path, content)));
    tail = extended.tail;
  }
  return tail;
}

async function entriesOf(
  rows: readonly LeafRow[],
  hash: TreeHash,
  earlier: ObjectStore,
): Promise<{ leaf: Uint8Array; bytes: Uint8Array }[]> {
  const bundles = new Map<number, Uint8Array[] | null>();
  const published = async ({ leaf_index, leaf_hash }: LeafRow): Promise<Uint8Array> => {
    const index = Math.floor(leaf_index / TILE_WIDTH);
    if (!bundles.has(index)) bundles.set(index, await fullBundle(earlier, index));
    const bytes = bundles.get(index)?.[leaf_index % TILE_WIDTH];
    return bytes !== undefined && equalBytes(hash.leaf(bytes), leaf_hash) ? bytes : NOTHING;
  };
  const entries: { leaf: Uint8Array; bytes: Uint8Array }[] = [];
  for (const row of rows) {
    const bytes = row.id === null ? await published(row) : entryBytes(row);
    entries.push({ leaf: row.leaf_hash, bytes });
  }
  return entries;
}

/** In the place of an entry that nobody has any more: verification names it. */
const NOTHING = new Uint8Array(0);

async function fullBundle(objects: ObjectStore, index: number): Promise<Uint8Array[] | null> {
  const bundle = await objects.get(entriesPath(index, TILE_WIDTH));
  return bundle && unpackEntries(bundle);
}
