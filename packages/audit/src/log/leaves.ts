import type { Queryable } from "@rempart/database";
import { leafBytes } from "../entry/leaf.ts";

/** What a leaf is made of. */
export interface EntryRow {
  id: string;
  created_at: Date;
  event_type: string;
  retention: string;
  commitment: Buffer;
}

/** The entry's columns are null when its row is gone: pruned, or removed, which verification tells apart. */
export type LeafRow = { leaf_index: number; leaf_hash: Buffer } & (EntryRow | { id: null });

/** Entries that one head may add: bounds memory when a log catches up. */
export const MAX_ENTRIES_PER_HEAD = 16_384;

/** Up to `limit` places from `start` on, in order. */
export function leavesFrom(db: Queryable, start: number, limit: number): Promise<LeafRow[]> {
  return db.query<LeafRow>(
    `SELECT l.leaf_index, l.leaf_hash, e.id, e.created_at, e.event_type, e.retention, e.commitment
     FROM audit_leaves l LEFT JOIN audit_entries e ON e.id = l.entry_id
     WHERE l.leaf_index >= $1 ORDER BY l.leaf_index LIMIT $2`,
    [start, limit],
    { name: "audit-leaves" },
  );
}

/** The bytes of an entry's leaf, from its row. */
export function entryBytes(row: EntryRow): Uint8Array {
  const { id, created_at, event_type, retention, commitment } = row;
  return leafBytes({ id, time: created_at.getTime(), type: event_type, retention, commitment });
}
