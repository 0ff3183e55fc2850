import type { Queryable } from "@rempart/database";
import { canonical, type Json } from "../entry/canonical.ts";
import type { Disclosure } from "../entry/disclosure.ts";
import { type EntryRow, entryBytes } from "../log/leaves.ts";

export interface PlacedDisclosure extends Disclosure {
  /** Place in the log; null until the sequencer has come by. */
  readonly index: number | null;
}

interface DisclosedRow extends EntryRow {
  leaf_index: number | null;
  body: Json;
  salt: Buffer;
  personal: Buffer | null;
}

/** Entries with all that is needed to check what their leaves say, by id. Those that were pruned are not there. */
export async function discloseEntries(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, PlacedDisclosure>> {
  const rows = await db.query<DisclosedRow>(
    `SELECT l.leaf_index, e.id, e.created_at, e.event_type, e.retention, e.commitment, e.body, e.salt, e.personal
     FROM audit_entries e LEFT JOIN audit_leaves l ON l.entry_id = e.id WHERE e.id = ANY ($1::uuid[])`,
    [ids],
    { name: "audit-disclose" },
  );
  return new Map(
    rows.map((row) => {
      const { salt, personal } = row;
      return [
        row.id,
        { index: row.leaf_index, leaf: entryBytes(row), body: canonical(row.body), salt, personal },
      ];
    }),
  );
}
