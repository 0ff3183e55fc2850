import type { Transaction } from "@rempart/database";
import type { TreeHash } from "../tree/hash.ts";
import { type EntryRow, entryBytes } from "./leaves.ts";

interface SequenceRow {
  size: number;
  drained: string;
  target: string | null;
  after_transaction: string | null;
  after_id: string | null;
  replaced: boolean;
  present: string;
}

interface UnplacedRow extends EntryRow {
  transaction_id: string;
}

// Lower transaction numbers than before mean another cluster, restored from a dump: then nothing was seen yet.
const READ_SEQUENCE = `
  SELECT size, drained, target, after_transaction, after_id, pg_current_snapshot()::text AS present,
         pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmin(drained::pg_snapshot) AS replaced
  FROM audit_sequence FOR UPDATE`;

// Snapshots, not a counter: a counter misses what took its number early and committed late. The last condition holds by
// itself unless the rows came from another cluster.
const UNPLACED = `
  SELECT id, created_at, event_type, retention, commitment, transaction_id::text AS transaction_id
  FROM audit_entries e
  WHERE transaction_id >= pg_snapshot_xmin($1::pg_snapshot)
    AND NOT pg_visible_in_snapshot(transaction_id, $1::pg_snapshot)
    AND pg_visible_in_snapshot(transaction_id, $2::pg_snapshot)
    AND ($3::text IS NULL OR (transaction_id, id) > ($3::text::xid8, $4::uuid))
    AND NOT EXISTS (SELECT FROM audit_leaves l WHERE l.entry_id = e.id)
  ORDER BY e.transaction_id, e.id LIMIT $5`;

const UNPLACED_OF_ANOTHER_CLUSTER = `
  SELECT id, created_at, event_type, retention, commitment, transaction_id::text AS transaction_id
  FROM audit_entries e
  WHERE NOT EXISTS (SELECT FROM audit_leaves l WHERE l.entry_id = e.id)
  ORDER BY e.transaction_id, e.id LIMIT $1`;

/**
 * Gives up to `limit` committed entries their place, in the transaction given; that of an entry is decided once and for
 * all when it commits. Answers how many.
 */
export async function placeEntries(tx: Transaction, hash: TreeHash, limit: number): Promise<number> {
  const [sequence] = await tx.query<SequenceRow>(READ_SEQUENCE);
  if (sequence === undefined) throw new TypeError("audit_sequence has no row");
  const rows = sequence.replaced
    ? await tx.query<UnplacedRow>(UNPLACED_OF_ANOTHER_CLUSTER, [limit])
    : await unplaced(tx, sequence, limit);
  if (rows.length > 0) await insertLeaves(tx, hash, rows, sequence.size);
  await moveOn(tx, sequence, rows, limit);
  return rows.length;
}

function unplaced(tx: Transaction, sequence: SequenceRow, limit: number): Promise<UnplacedRow[]> {
  const { drained, target, present, after_transaction, after_id } = sequence;
  return tx.query<UnplacedRow>(UNPLACED, [drained, target ?? present, after_transaction, after_id, limit], {
    name: "audit-unplaced",
  });
}

async function insertLeaves(
  tx: Transaction,
  hash: TreeHash,
  rows: readonly EntryRow[],
  size: number,
): Promise<void> {
  await tx.query(
    `INSERT INTO audit_leaves (leaf_index, entry_id, leaf_hash)
     SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bytea[])`,
    [
      rows.map((_, i) => size + i),
      rows.map(({ id }) => id),
      rows.map((row) => Buffer.from(hash.leaf(entryBytes(row)))),
    ],
    { name: "audit-place" },
  );
}

async function moveOn(
  tx: Transaction,
  { size, drained, target, present, replaced }: SequenceRow,
  rows: readonly UnplacedRow[],
  limit: number,
): Promise<void> {
  const last = rows.at(-1);
  const full = rows.length === limit && last !== undefined;
  const reached = replaced ? present : (target ?? present);
  const next = full
    ? { drained, target: replaced ? null : reached, transaction: last.transaction_id, id: last.id }
    : { drained: reached, target: null, transaction: null, id: null };
  await tx.query(
    `UPDATE audit_sequence
     SET size = $1, drained = $2, target = $3, after_transaction = $4, after_id = $5`,
    [size + rows.length, next.drained, next.target, next.transaction, next.id],
    { name: "audit-move-on" },
  );
}
