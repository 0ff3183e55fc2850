import type { Queryable } from "@rempart/database";
import type { PgAuditStatement } from "./csv-log.ts";

/** A statement that pgAudit saw, and the entries that its transaction recorded. */
export interface Accompanied {
  readonly statement: PgAuditStatement;
  /** Ids; empty for what was done without a record. */
  readonly entries: readonly string[];
}

/** Transaction numbers come back after 2^32 of them: entries are only looked for around the time of the statements. */
const MARGIN_MS = 3_600_000;

/**
 * Each statement that does more than read, beside what our log says of its transaction. One without entries went around the
 * application, or is of a kind that nobody records: which, is for whoever asked to say.
 */
export async function besideEntries(
  db: Queryable,
  statements: readonly PgAuditStatement[],
): Promise<Accompanied[]> {
  const writing = statements.filter(({ statementClass }) => statementClass !== "READ");
  const times = writing.map(({ time }) => Date.parse(time)).filter((time) => !Number.isNaN(time));
  if (times.length === 0) return writing.map((statement) => ({ statement, entries: [] }));
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  const rows = await db.query<{ id: string; transaction: number }>(
    `SELECT id, (transaction_id::text::numeric % 4294967296)::bigint AS transaction FROM audit_entries
     WHERE created_at BETWEEN $1 AND $2 AND (transaction_id::text::numeric % 4294967296)::bigint = ANY($3::bigint[])
     ORDER BY id`,
    [
      new Date(first - MARGIN_MS),
      new Date(last + MARGIN_MS),
      [...new Set(writing.map(({ transaction }) => transaction).filter((number) => number !== null))],
    ],
  );
  const entries = Map.groupBy(rows, ({ transaction }): number | null => transaction);
  return writing.map((statement) => ({
    statement,
    entries: (entries.get(statement.transaction) ?? []).map(({ id }) => id),
  }));
}
