import type { Database, Session } from "../../pool/ports.ts";
import { type Named, qualified } from "../../sql-names.ts";

export interface CountedTable {
  /** Null: too large to be counted beside the server's own work. */
  readonly rows: number | null;
  /** The file it stands in; another one later: it was truncated or written anew. */
  readonly file: string;
  /** Rows that were ever inserted and deleted here, as the server counts them. */
  readonly inserted: number;
  readonly deleted: number;
}

export type RowCounts = ReadonlyMap<string, CountedTable>;

/** A table of this size is counted in seconds. */
const MAX_BYTES = 2 ** 30;

interface Row extends Named, Omit<CountedTable, "rows"> {
  readonly bytes: number;
}

/** Exact counts of one snapshot, for all tables that are part of a backup. What changed is read before it. */
export function countRows(database: Database): Promise<RowCounts> {
  return database.session(async (session) => {
    const tables = await readTables(session);
    const counts = new Map<string, CountedTable>();
    await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    for (const { bytes, ...table } of tables) {
      const rows = bytes > MAX_BYTES ? null : await countTable(session, table);
      const { file, inserted, deleted } = table;
      counts.set(qualified(table), { rows, file, inserted, deleted });
    }
    await session.query("COMMIT");
    return counts;
  });
}

/** What has changed since, without counting. */
export async function readChanges(database: Database): Promise<ReadonlyMap<string, Row>> {
  const tables = await database.session(readTables);
  return new Map(tables.map((table) => [qualified(table), table]));
}

/** Not unlogged ones: they are empty after a restore. */
function readTables(session: Session): Promise<Row[]> {
  return session.query(
    `SELECT n.nspname AS schema, c.relname AS name, c.relfilenode::text AS file, pg_relation_size(c.oid) AS bytes,
       pg_stat_get_tuples_inserted(c.oid) AS inserted, pg_stat_get_tuples_deleted(c.oid) AS deleted
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence = 'p'
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
     ORDER BY 1, 2`,
  );
}

/** Null for a table that was dropped since. */
async function countTable(session: Session, table: Named): Promise<number | null> {
  await session.query("SAVEPOINT counting");
  try {
    const [row] = await session.query<{ n: number }>(`SELECT count(*) AS n FROM ${qualified(table)}`);
    return row?.n ?? null;
  } catch {
    await session.query("ROLLBACK TO counting");
    return null;
  }
}

export interface Comparison {
  readonly findings: readonly string[];
  readonly compared: number;
}

type Change = Pick<CountedTable, "file" | "inserted" | "deleted">;

/**
 * `before` was counted on the server before the moment that was restored, and `changes` read there after it: what was inserted and
 * deleted meanwhile may be in the restored database or not. A table at rest must have exactly as many rows.
 */
export function compareCounts(
  before: RowCounts,
  restored: RowCounts,
  changes: ReadonlyMap<string, Change>,
): Comparison {
  const findings: string[] = [];
  let compared = 0;
  for (const [name, table] of before) {
    const now = changes.get(name);
    if (table.rows === null || now === undefined || now.file !== table.file) continue;
    compared += 1;
    const rows = restored.get(name)?.rows ?? null;
    const least = table.rows - (now.deleted - table.deleted);
    const most = table.rows + (now.inserted - table.inserted);
    if (rows === null) findings.push(`${name} is not in the restored database`);
    else if (rows < least || rows > most)
      findings.push(`${name} has ${rows} rows in the restored database, and had ${span(least, most)}`);
  }
  return { findings, compared };
}

function span(least: number, most: number): string {
  return least === most ? String(least) : `${least} to ${most}`;
}
