export {
  type Cache,
  type CacheOptions,
  type CacheOutcome,
  createCache,
  type KeepOptions,
} from "./cache/cache.ts";
export {
  type CacheBounds,
  type CacheStats,
  cacheMigrations,
  cacheStats,
  cleanCache,
  postgresCacheStore,
} from "./cache/postgres.ts";
export { type CacheRedis, type RedisCacheOptions, redisCacheStore } from "./cache/redis.ts";
export type { CacheStore, Found, Keeping } from "./cache/store.ts";
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  findEmbeddedPostgres,
  type ServerPlace,
  startEmbeddedPostgres,
} from "./embedded/embedded-postgres.ts";
export {
  DatabaseError,
  type DatabaseErrorCode,
  isCheckViolation,
  isDatabaseError,
  isForeignKeyViolation,
  isTransient,
  isUniqueViolation,
} from "./errors.ts";
export {
  type ExportCompression,
  type ExportOptions,
  type ExportProgress,
  exportRows,
} from "./export/export.ts";
export type { ExportFormat } from "./export/select.ts";
export { type MigrationFile, type MigrationSource, readMigrations } from "./migrations/files.ts";
export { migrate } from "./migrations/migrate.ts";
export { type MigrationStatus, migrationStatus } from "./migrations/status.ts";
export { createDatabase, type DatabaseOptions } from "./pool/database.ts";
export type {
  Database,
  Isolation,
  PoolStats,
  Queryable,
  QueryOptions,
  StatementTracer,
  Transaction,
  TransactionOptions,
} from "./pool/ports.ts";
export {
  createReplicas,
  type ReadOptions,
  type Replicas,
  type ReplicasOptions,
} from "./replicas/replicas.ts";
export { asPrincipal, type Principal, tenancyMigrations } from "./tenancy/principal.ts";
export { type MaterializedView, materializedView } from "./views/declare.ts";
export {
  createViews,
  type Refreshed,
  type ViewAge,
  type Views,
  type ViewsOptions,
  viewMigrations,
} from "./views/views.ts";
