import { setTimeout as sleep } from "node:timers/promises";
import type { Database, Queryable } from "../pool/ports.ts";
import { quoted } from "../sql-names.ts";

/** Rows that are to go in time, declared by the package that owns their table. */
export interface Purge {
  /** For people and for `--only`. */
  readonly name: string;
  readonly table: string;
  /** A condition over the table, in SQL, in which `$1` is the time of the purge. Part of the program, never of a request. */
  readonly where: string;
  /** Rows of one transaction. */
  readonly batch: number;
  /** Why they go. */
  readonly reason: string;
}

export interface PurgeProgress {
  readonly name: string;
  readonly removed: number;
  /** As counted before the first batch. */
  readonly total: number;
  /** Rows each second since the beginning; 0 before the first batch. */
  readonly rate: number;
  /** Milliseconds left at that rate; null before the first batch. */
  readonly leftMs: number | null;
}

export interface PurgeResult {
  readonly name: string;
  readonly removed: number;
  /** False: it was told to stop, and goes on where it was when it is run again. */
  readonly complete: boolean;
}

export interface PurgeOptions {
  /** Unix milliseconds. */
  readonly now: number;
  /** Stops after the batch under way. */
  readonly signal?: AbortSignal;
  /** Between batches, for everybody else; 100 ms unless told. */
  readonly pauseMs?: number;
  readonly onProgress?: (progress: PurgeProgress) => void;
}

const PAUSE_MS = 100;

/** Counts for as long as it takes: a backlog may be large. */
export function countPurge(database: Database, { table, where }: Purge, now: number): Promise<number> {
  return database.session(async (session) => {
    const [row] = await session.query<{ count: number }>(
      `SELECT count(*) AS count FROM ${quoted(table)} WHERE ${where}`,
      [new Date(now)],
    );
    return row?.count ?? 0;
  });
}

/** One batch, in the caller's transaction if there is one. Rows that somebody else holds are left for the next. */
export async function purgeBatch(
  db: Queryable,
  { table, where, batch }: Purge,
  now: number,
): Promise<number> {
  const rows = await db.query<{ count: number }>(
    // A row's place is its own in one part of a table only.
    `WITH due AS (
       SELECT tableoid AS part, ctid AS place FROM ${quoted(table)} WHERE ${where} LIMIT ${batch} FOR UPDATE SKIP LOCKED),
     gone AS (
       DELETE FROM ${quoted(table)} doomed USING due WHERE doomed.ctid = due.place AND doomed.tableoid = due.part RETURNING 1)
     SELECT count(*) AS count FROM gone`,
    [new Date(now)],
  );
  return rows[0]?.count ?? 0;
}

/** Batches with pauses until nothing is left, each a transaction of its own: whatever stops it, what is gone stays gone. */
export async function runPurge(
  database: Database,
  purge: Purge,
  options: PurgeOptions,
): Promise<PurgeResult> {
  const { now, signal, pauseMs = PAUSE_MS, onProgress = () => {} } = options;
  const { name, batch } = purge;
  const total = await countPurge(database, purge, now);
  const began = performance.now();
  let removed = 0;
  while (signal?.aborted !== true) {
    const gone = await purgeBatch(database, purge, now);
    removed += gone;
    if (gone > 0) onProgress(progressOf(name, removed, total, performance.now() - began));
    if (gone < batch) return { name, removed, complete: true };
    await sleep(pauseMs, undefined, { ...(signal === undefined ? {} : { signal }) }).catch(() => {});
  }
  return { name, removed, complete: false };
}

export function progressOf(name: string, removed: number, total: number, elapsedMs: number): PurgeProgress {
  const rate = elapsedMs > 0 ? (removed * 1000) / elapsedMs : 0;
  const left = Math.max(0, total - removed);
  return { name, removed, total, rate, leftMs: rate > 0 ? (left * 1000) / rate : null };
}
