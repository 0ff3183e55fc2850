import type { Database } from "@rempart/database";
import type { Clock } from "@rempart/kernel";
import type { Record as RecordEvent } from "../log/record.ts";

export interface Pruned {
  readonly class: string;
  readonly entries: number;
}

const BATCH = 5_000;

interface ClassRow {
  class: string;
  keep_days: number;
}

/**
 * Removes the bodies of entries that have outlived their class; their leaves stay, and every proof with them. In batches of
 * their own transactions, so that it can be interrupted and goes on where it was. Records what it did.
 */
export async function prune(
  database: Database,
  { clock, record }: { clock: Clock; record: RecordEvent },
): Promise<Pruned[]> {
  await blankLateAddresses(database);
  const classes = await database.query<ClassRow>(
    "SELECT class, keep_days FROM audit_retention ORDER BY class",
  );
  const pruned: Pruned[] = [];
  for (const { class: name, keep_days } of classes) {
    const before = new Date(clock.now() - keep_days * 86_400_000);
    const entries = await pruneClass(database, name, before);
    if (entries === 0) continue;
    const metadata = { class: name, entries, before: before.toISOString() };
    await record(database, { type: "audit.pruned", resource: { type: "retention", id: name, metadata } });
    pruned.push({ class: name, entries });
  }
  return pruned;
}

/** A process may have written under a key that it still remembered when another destroyed it. */
async function blankLateAddresses(database: Database): Promise<void> {
  await database.query(
    `UPDATE audit_entries e SET ip_address = NULL FROM audit_subjects s
     WHERE s.erased_at > now() - interval '1 day' AND e.subject = s.subject AND e.ip_address IS NOT NULL`,
  );
}

/** Only what was published: an entry whose place nobody has seen could vanish without a trace. */
async function pruneClass(database: Database, name: string, before: Date): Promise<number> {
  let entries = 0;
  for (;;) {
    const rows = await database.query<{ id: string }>(
      `DELETE FROM audit_entries WHERE id IN (
         SELECT e.id FROM audit_entries e JOIN audit_leaves l ON l.entry_id = e.id
         WHERE e.retention = $1 AND e.created_at < $2
           AND l.leaf_index < (SELECT coalesce(max(size), 0) FROM audit_checkpoints)
         ORDER BY e.created_at LIMIT $3)
       RETURNING id`,
      [name, before, BATCH],
    );
    entries += rows.length;
    if (rows.length < BATCH) return entries;
  }
}
