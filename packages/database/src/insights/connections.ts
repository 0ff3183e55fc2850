import type { Queryable } from "../pool/ports.ts";

/** Connections of one application in one state. */
export interface ConnectionGroup {
  readonly application: string;
  readonly user: string;
  readonly state: string;
  readonly count: number;
  /** Of the oldest connection, of the oldest transaction, and since the last change of state. */
  readonly oldestMs: number;
  readonly oldestTransactionMs: number;
  readonly longestInStateMs: number;
}

export interface Connections {
  readonly used: number;
  /** What ordinary roles may open. */
  readonly most: number;
  /** Holding locks and old rows while nobody works. */
  readonly idleInTransaction: number;
  readonly groups: readonly ConnectionGroup[];
}

const since = (time: string): string =>
  `coalesce(max(extract(epoch FROM clock_timestamp() - ${time})) * 1000, 0)::float8`;

export async function readConnections(db: Queryable): Promise<Connections> {
  const groups = await db.query<ConnectionGroup>(
    `SELECT application_name AS application, coalesce(usename, '') AS user, coalesce(state, 'hidden') AS state,
       count(*) AS count, ${since("backend_start")} AS "oldestMs", ${since("xact_start")} AS "oldestTransactionMs",
       ${since("state_change")} AS "longestInStateMs"
     FROM pg_stat_activity WHERE backend_type = 'client backend'
     GROUP BY 1, 2, 3 ORDER BY count DESC, 1, 2, 3`,
  );
  const [limit] = await db.query<{ most: number }>(
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most`,
  );
  const sum = (chosen: readonly ConnectionGroup[]): number =>
    chosen.reduce((total, { count }) => total + count, 0);
  return {
    used: sum(groups),
    most: limit?.most ?? 0,
    idleInTransaction: sum(groups.filter(({ state }) => state.startsWith("idle in transaction"))),
    groups,
  };
}
