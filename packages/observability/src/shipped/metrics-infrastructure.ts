/**
 * Of what an application stands on, read by itself. Names are those of the usual exporters where these count the same, so that
 * the shipped rules serve whoever runs them.
 */
import { counter, gauge } from "../metrics/declare.ts";

const few = { limit: 20 };

export const databaseUp = gauge({
  name: "pg_up",
  help: "1 when the database answered, 0 when it did not.",
  unit: "count",
});

export const databaseCacheHits = gauge({
  name: "pg_cache_hit_ratio",
  help: "Share of the blocks read lately that were in the database's memory. No sample while nothing is read.",
  unit: "ratio",
});

export const databaseDeadlocks = counter({
  name: "pg_deadlocks_total",
  help: "Deadlocks in the database since this process watches it.",
  unit: "count",
});

export const databaseReplicationLag = gauge({
  name: "pg_replication_lag_seconds",
  help: "How far each replica is behind. Needs the role pg_monitor.",
  unit: "seconds",
  labels: { replica: few },
});

export const databaseLongestTransaction = gauge({
  name: "pg_longest_transaction_seconds",
  help: "Age of the oldest transaction in the database. It keeps dead rows from being cleaned up.",
  unit: "seconds",
});

export const databaseSlowStatements = gauge({
  name: "pg_slow_statements",
  help: "Statements that take more than a second on average, of those that pg_stat_statements knows. No sample without it.",
  unit: "count",
});

export const databasePool = gauge({
  name: "database_pool_connections",
  help: "Connections of this process's pool, and callers that wait for one.",
  unit: "count",
  labels: { state: { values: ["used", "idle", "waiting"] } },
});

export const redisUp = gauge({
  name: "redis_up",
  help: "1 when Redis answered, 0 when it did not.",
  unit: "count",
});

export const redisMemory = gauge({
  name: "redis_memory_used_bytes",
  help: "Memory that Redis has taken for its data.",
  unit: "bytes",
});

export const redisMemoryLimit = gauge({
  name: "redis_memory_max_bytes",
  help: "Memory that Redis may take; 0 without a limit.",
  unit: "bytes",
});

export const redisClients = gauge({
  name: "redis_connected_clients",
  help: "Connections to Redis.",
  unit: "count",
});

export const redisCommands = counter({
  name: "redis_commands_processed_total",
  help: "Commands that Redis carried out since this process watches it.",
  unit: "count",
});

export const dataDirectoryAvailable = gauge({
  name: "data_directory_available_bytes",
  help: "Room that is left where this installation keeps its files.",
  unit: "bytes",
});

export const dataDirectorySize = gauge({
  name: "data_directory_size_bytes",
  help: "Room altogether where this installation keeps its files.",
  unit: "bytes",
});
