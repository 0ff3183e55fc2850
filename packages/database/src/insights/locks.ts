import type { Queryable } from "../pool/ports.ts";

/** A session that waits for a lock, or that holds one somebody waits for. */
export interface LockedSession {
  readonly pid: number;
  /** Sessions it waits for; empty for the root of the trouble. */
  readonly blockedBy: readonly number[];
  readonly application: string;
  readonly state: string;
  readonly waitMs: number;
  readonly transactionMs: number;
  /** What it waits for: `relation public.items`, `transactionid`, …; null when it does not wait. */
  readonly waitsFor: string | null;
  readonly query: string;
}

export interface LockTree {
  readonly session: LockedSession;
  /** Those that wait for it directly. */
  readonly waiting: readonly LockTree[];
}

/** Bound of what is read: a pile-up of thousands is told by its first ones as well. */
const MOST = 500;

export async function readLocks(db: Queryable): Promise<LockTree[]> {
  const sessions = await db.query<LockedSession>(
    `WITH blocked AS MATERIALIZED (
       SELECT pid, pg_blocking_pids(pid) AS by FROM pg_stat_activity WHERE wait_event_type = 'Lock' LIMIT ${MOST})
     SELECT a.pid, coalesce(b.by, '{}') AS "blockedBy", a.application_name AS application, coalesce(a.state, '') AS state,
       coalesce(extract(epoch FROM clock_timestamp() - w.waitstart) * 1000, 0)::float8 AS "waitMs",
       coalesce(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000, 0)::float8 AS "transactionMs",
       w.locktype || coalesce(' ' || w.relation::regclass, '') AS "waitsFor", coalesce(a.query, '') AS query
     FROM pg_stat_activity a LEFT JOIN blocked b ON b.pid = a.pid
     LEFT JOIN LATERAL (SELECT * FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted LIMIT 1) w ON true
     WHERE b.pid IS NOT NULL OR a.pid IN (SELECT unnest(by) FROM blocked) ORDER BY a.pid`,
  );
  return lockTrees(sessions);
}

/** Who holds whom up, from the roots; sessions that wait in a ring begin at the one of the lowest id. */
export function lockTrees(sessions: readonly LockedSession[]): LockTree[] {
  const placed = new Set<number>();
  const known = new Set(sessions.map(({ pid }) => pid));

  function grow(session: LockedSession): LockTree {
    placed.add(session.pid);
    const waiting: LockTree[] = [];
    for (const next of sessions)
      if (!placed.has(next.pid) && next.blockedBy.includes(session.pid)) waiting.push(grow(next));
    return { session, waiting };
  }

  const roots = sessions.filter(({ blockedBy }) => !blockedBy.some((pid) => known.has(pid)));
  const trees = roots.map(grow);
  for (const session of sessions) if (!placed.has(session.pid)) trees.push(grow(session));
  return trees;
}
