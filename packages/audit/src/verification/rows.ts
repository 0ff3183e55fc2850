import type { Queryable } from "@rempart/database";
import { canonical, type Json } from "../entry/canonical.ts";
import { commitmentOf, leafBytes } from "../entry/leaf.ts";
import type { Sha256 } from "../tree/hash.ts";

/** An entry as the database tells it. */
export interface EntryRow {
  id: string;
  created_at: Date;
  event_type: string;
  retention: string;
  body: Json;
  subject: string | null;
  personal: Buffer | null;
  ip_address: string | null;
  salt: Buffer;
  commitment: Buffer;
}

/** A place, who the database says holds it, and that entry's row while there is one. */
export interface PlaceRow {
  readonly index: number;
  readonly entryId: string;
  readonly hash: Uint8Array;
  readonly entry: EntryRow | null;
}

type JoinedRow = { leaf_index: number; entry_id: string; leaf_hash: Buffer } & (EntryRow | { id: null });

/** Places from `start` up to, not including, `end`, in order. */
export async function readPlaces(db: Queryable, start: number, end: number): Promise<PlaceRow[]> {
  const rows = await db.query<JoinedRow>(
    `SELECT l.leaf_index, l.entry_id, l.leaf_hash, e.id, e.created_at, e.event_type, e.retention, e.body,
            e.subject, e.personal, host(e.ip_address) AS ip_address, e.salt, e.commitment
     FROM audit_leaves l LEFT JOIN audit_entries e ON e.id = l.entry_id
     WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index`,
    [start, end],
    { name: "audit-places" },
  );
  return rows.map((row) => ({
    index: row.leaf_index,
    entryId: row.entry_id,
    hash: row.leaf_hash,
    entry: row.id === null ? null : row,
  }));
}

/** What the row's salt, body and personal part commit to, whatever the row says that they do. */
export function commitmentOfRow(sha256: Sha256, { salt, body, personal }: EntryRow): Uint8Array {
  return commitmentOf(sha256, { salt, body: canonical(body), personal });
}

/** The bytes that the entry's leaf has if its row is what it was. */
export function leafBytesOfRow(sha256: Sha256, row: EntryRow): Uint8Array {
  const { id, created_at, event_type: type, retention } = row;
  const commitment = commitmentOfRow(sha256, row);
  return leafBytes({ id, time: created_at.getTime(), type, retention, commitment });
}
