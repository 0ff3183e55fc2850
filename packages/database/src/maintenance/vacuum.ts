import { isDatabaseError } from "../errors.ts";
import type { Database } from "../pool/ports.ts";
import { type Named, qualified } from "../sql-names.ts";

export interface VacuumTarget extends Named {
  /** It has rows in its partitions only, which are targets themselves: what is left to do is to look at all of them together. */
  readonly partitioned: boolean;
  readonly bytes: number;
  readonly deadRows: number;
}

export interface Vacuumed extends VacuumTarget {
  readonly bytesAfter: number;
  readonly milliseconds: number;
  /** Somebody else held the table; it was left alone. */
  readonly skipped: boolean;
}

export interface VacuumOptions {
  /** Tables at a time; 2 unless told. */
  readonly workers?: number;
  /** A table that somebody holds for longer is skipped; 2 s unless told. */
  readonly lockTimeoutMs?: number;
  /** Stops after the tables under way. */
  readonly signal?: AbortSignal;
  readonly onDone?: (done: Vacuumed) => void;
}

/** Our tables, those with the most dead rows first. */
export function vacuumTargets(database: Database): Promise<VacuumTarget[]> {
  return database.query(
    `SELECT s.schemaname AS schema, s.relname AS name, c.relkind = 'p' AS partitioned,
       pg_total_relation_size(c.oid) AS bytes, s.n_dead_tup AS "deadRows"
     FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid WHERE pg_has_role(c.relowner, 'USAGE')
     ORDER BY s.n_dead_tup DESC, 4 DESC, 1, 2`,
  );
}

/** VACUUM (ANALYZE), a few tables at a time. Readers and writers go on. */
export async function vacuum(
  database: Database,
  targets: readonly VacuumTarget[],
  { workers = 2, lockTimeoutMs = 2_000, signal, onDone = () => {} }: VacuumOptions = {},
): Promise<Vacuumed[]> {
  const waiting = [...targets];
  const done: Vacuumed[] = [];
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined && signal?.aborted !== true; next = waiting.shift()) {
      const result = await vacuumOne(database, next, lockTimeoutMs);
      done.push(result);
      onDone(result);
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, Math.min(workers, targets.length)) }, work));
  return done;
}

async function vacuumOne(database: Database, target: VacuumTarget, lockTimeoutMs: number): Promise<Vacuumed> {
  const began = performance.now();
  const name = qualified(target);
  const skipped = await database.session(async (session) => {
    await session.query(`SET lock_timeout = ${Math.max(1, Math.round(lockTimeoutMs))}`);
    try {
      // Our workers are all there are: by itself each would start more for its indexes.
      await session.query(`${target.partitioned ? "ANALYZE" : "VACUUM (ANALYZE, PARALLEL 0)"} ${name}`);
      return false;
    } catch (error) {
      if (isDatabaseError(error, "timeout")) return true;
      throw error;
    }
  });
  const [after] = await database.query<{ bytes: number }>(
    "SELECT coalesce(pg_total_relation_size(to_regclass($1)), 0) AS bytes",
    [name],
  );
  return { ...target, bytesAfter: after?.bytes ?? 0, milliseconds: performance.now() - began, skipped };
}
