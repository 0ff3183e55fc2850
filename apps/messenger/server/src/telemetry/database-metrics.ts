import { setImmediate as nextTurn } from "node:timers/promises";
import type { PoolStats, Queryable } from "@rempart/database";
import type { Clock } from "@rempart/kernel";
import {
  type GaugeMetric,
  registerLabelledReader,
  registerMetrics,
  registerReader,
  shippedMetrics,
} from "@rempart/observability";
import type { Registry } from "prom-client";
import { Growth } from "./growth.ts";
import { sharedLook, soon } from "./shared-look.ts";

export interface DatabaseMetricPorts {
  readonly registry: Registry;
  readonly database: Queryable;
  readonly pool: () => PoolStats;
  readonly clock: Clock;
}

interface State {
  connections: { name: string; count: number }[];
  most: number;
  hits: number;
  reads: number;
  deadlocks: number;
  longest: number | null;
  replicas: { name: string; lag: number }[];
}

/** Of others' sessions and replicas PostgreSQL shows their times to superusers and `pg_monitor` alone. */
const STATE = `
  SELECT d.blks_hit AS hits, d.blks_read AS reads, d.deadlocks,
         current_setting('max_connections')::int AS most,
         (SELECT jsonb_agg(jsonb_build_object('name', datname, 'count', numbackends))
            FROM pg_stat_database WHERE datname IS NOT NULL) AS connections,
         (SELECT extract(epoch FROM max(clock_timestamp() - xact_start))::float8
            FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()) AS longest,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('name', application_name,
                   'lag', extract(epoch FROM coalesce(replay_lag, '0')))), '[]')
            FROM pg_stat_replication) AS replicas
    FROM pg_stat_database d WHERE d.datname = current_database()`;

/** How the database stands, asked when the metrics are read. */
export function readDatabase({ registry, database, pool, clock }: DatabaseMetricPorts): void {
  const { deadlocks } = registerMetrics(registry, { deadlocks: shippedMetrics.databaseDeadlocks });
  const [dead, hits, reads] = [new Growth(), new Growth(), new Growth()];
  const look = sharedLook(clock, async () => {
    const [state] = await database.query<State>(STATE, [], { name: "database-metrics" });
    if (state === undefined) return undefined;
    deadlocks.inc(dead.since(state.deadlocks));
    return { ...state, ratio: hitRatio(hits.since(state.hits), reads.since(state.reads)) };
  });
  type Look = NonNullable<Awaited<ReturnType<typeof look>>>;
  const read = (metric: GaugeMetric<never>, value: (state: Look) => number | null): void =>
    registerReader(registry, metric, async () => {
      const state = await look();
      return state === undefined ? null : value(state);
    });
  registerReader(registry, shippedMetrics.databaseUp, async () => ((await look()) === undefined ? 0 : 1));
  read(shippedMetrics.databaseMaxConnections, ({ most }) => most);
  read(shippedMetrics.databaseCacheHits, ({ ratio }) => ratio);
  read(shippedMetrics.databaseLongestTransaction, ({ longest }) => longest ?? 0);
  registerLabelledReader(registry, shippedMetrics.databaseConnections, async () =>
    ((await look())?.connections ?? []).map(({ name: datname, count: value }) => ({
      labels: { datname },
      value,
    })),
  );
  registerLabelledReader(registry, shippedMetrics.databaseReplicationLag, async () =>
    ((await look())?.replicas ?? []).map(({ name: replica, lag: value }) => ({ labels: { replica }, value })),
  );
  registerReader(registry, shippedMetrics.databaseSlowStatements, () => soon(slowStatements(database)));
  readPool(registry, pool);
}

function hitRatio(hits: number, reads: number): number | null {
  return hits + reads === 0 ? null : hits / (hits + reads);
}

/** Null where the extension is not. */
async function slowStatements(database: Queryable): Promise<number | null> {
  const [there] = await database.query<{ view: string | null }>(
    "SELECT to_regclass('pg_stat_statements')::text AS view",
  );
  if (there?.view == null) return null;
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
     WHERE d.datname = current_database() AND s.mean_exec_time > 1000`,
  );
  return row?.count ?? null;
}

function readPool(registry: Registry, pool: () => PoolStats): void {
  registerLabelledReader(registry, shippedMetrics.databasePool, async () => {
    // Statements of this very scrape wait for the moment that it takes to hand them an idle connection.
    await nextTurn();
    const { total, idle, waiting } = pool();
    return Object.entries({ used: total - idle, idle, waiting }).map(([state, value]) => ({
      labels: { state },
      value,
    }));
  });
}
