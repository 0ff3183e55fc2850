/** Rows for entries that are new. */
import type { Queryable } from "@rempart/database";
import { hasCode } from "@rempart/kernel";

export interface NewEntry {
  readonly id: string;
  /** ISO 8601. */
  readonly time: string;
  readonly type: string;
  readonly retention: string;
  /** Canonical JSON. */
  readonly body: string;
  readonly subject: string | null;
  /** Encrypted; null when there is none. */
  readonly personal: Uint8Array | null;
  readonly address: string | null;
  readonly salt: Uint8Array;
  readonly commitment: Uint8Array;
}

const COLUMNS =
  "id, created_at, event_type, retention, body, subject, personal, ip_address, salt, commitment";

export async function insertEntry(tx: Queryable, entry: NewEntry): Promise<void> {
  const { id, time, type, retention, body, subject, personal, address, salt, commitment } = entry;
  await tx.query(
    `INSERT INTO audit_entries (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [id, time, type, retention, body, subject, personal, address, salt, commitment],
    { name: "audit-record" },
  );
}

const REFUSALS = ["invalid-value", "check-violation", "not-null-violation"];

/** Whether an event was refused for what it is: others may be recorded, and this one not later either. */
export function isRefusal(error: unknown): boolean {
  return error instanceof TypeError || REFUSALS.some((code) => hasCode(error, code));
}

/** In one statement: all or none. */
export async function insertEntries(tx: Queryable, entries: readonly NewEntry[]): Promise<void> {
  const [only] = entries;
  if (only === undefined) return;
  if (entries.length === 1) return insertEntry(tx, only);
  const column = <Name extends keyof NewEntry>(name: Name): NewEntry[Name][] =>
    entries.map((entry) => entry[name]);
  await tx.query(
    `INSERT INTO audit_entries (${COLUMNS})
     SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::jsonb[],
                          $6::text[], $7::bytea[], $8::inet[], $9::bytea[], $10::bytea[])`,
    [
      column("id"),
      column("time"),
      column("type"),
      column("retention"),
      column("body"),
      column("subject"),
      column("personal"),
      column("address"),
      column("salt"),
      column("commitment"),
    ],
    { name: "audit-record-many" },
  );
}
