import { DatabaseError } from "../errors.ts";
import type { Queryable } from "../pool/ports.ts";
import { quoted } from "../sql-names.ts";

/** A statement of this database as `pg_stat_statements` keeps it: constants are `$1`, `$2`, … */
export interface StatementFacts {
  readonly id: string;
  readonly query: string;
  readonly calls: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly maxMs: number;
  readonly rows: number;
  /** Share of the blocks found in shared buffers, 0 to 1; null when it read none. */
  readonly hitRatio: number | null;
  /** Whether the role that asks also ran it. */
  readonly own: boolean;
}

/** `pg_stat_statements` is not set up in this database, or not loaded by its server. */
export type StatementsMissing = "no-extension" | "not-loaded";

export type StatementOrder = "mean" | "total";

/**
 * The slowest statements of this database, those of other roles only where the server shows them (`pg_read_all_stats`).
 * Utility statements are left out: their text may hold what somebody typed.
 */
export async function readStatements(
  db: Queryable,
  { order = "mean", most = 20 }: { order?: StatementOrder; most?: number } = {},
): Promise<readonly StatementFacts[] | StatementsMissing> {
  const [extension] = await db.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname = 'pg_stat_statements'`,
  );
  if (extension === undefined) return "no-extension";
  try {
    return await slowest(db, extension.schema, order, most);
  } catch (error) {
    if (isNotLoaded(error)) return "not-loaded";
    throw error;
  }
}

/** 55000, object_not_in_prerequisite_state: the view is there, the library behind it was not loaded at the start. */
function isNotLoaded(error: unknown): boolean {
  return error instanceof DatabaseError && error.details.sqlState === "55000";
}

function slowest(
  db: Queryable,
  schema: string,
  order: StatementOrder,
  most: number,
): Promise<StatementFacts[]> {
  return db.query<StatementFacts>(
    `SELECT s.queryid::text AS id, s.query, s.calls, s.total_exec_time AS "totalMs", s.mean_exec_time AS "meanMs",
       s.max_exec_time AS "maxMs", s.rows,
       s.shared_blks_hit::float8 / nullif(s.shared_blks_hit + s.shared_blks_read, 0) AS "hitRatio",
       s.userid = (SELECT oid FROM pg_roles WHERE rolname = current_user) AS own
     FROM ${quoted(schema)}.pg_stat_statements s
     WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND s.toplevel
       AND s.query ~* '^[\\s(]*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\\y'
     ORDER BY ${order === "mean" ? "s.mean_exec_time" : "s.total_exec_time"} DESC LIMIT $1`,
    [most],
  );
}
