export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  findEmbeddedPostgres,
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
export { type MigrationFile, type MigrationSource, readMigrations } from "./migrations/files.ts";
export { migrate } from "./migrations/migrate.ts";
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
export { asPrincipal, type Principal, tenancyMigrations } from "./tenancy/principal.ts";
