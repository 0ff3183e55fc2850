import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "@rempart/runtime";
import { silentLogger } from "@rempart/runtime";
import { DatabaseError } from "../errors.ts";
import { dropHalfMade } from "../maintenance/half-made.ts";
import type { Database, Queryable } from "../pool/ports.ts";
import { type MigrationFile, type MigrationSource, readMigrations } from "./files.ts";
import { type AppliedMigration, planMigrations } from "./plan.ts";
import { positionOf } from "./position.ts";

/** Any constant does, as long as every version of this package uses the same: the letters "rempart". */
const LOCK_KEY = 0x72656d70617274n;
/** Milliseconds between two looks at whether another process is done. */
const LOCK_PAUSE_MS = 100;

const CREATE_TABLE = `
  CREATE TABLE IF NOT EXISTS schema_migrations (
    source text NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, name)
  )`;

/**
 * Brings the database up to the files of `sources`, source by source. Processes that start at once wait for each other
 * under an advisory lock. Every applied file is checked first, then each new one runs in a transaction of its own
 * together with its record. Needs a direct connection: a session lock does not survive PgBouncer's transaction mode.
 */
export async function migrate(
  database: Database,
  sources: readonly MigrationSource[],
  log: Logger = silentLogger,
): Promise<{ applied: string[] }> {
  assertDistinct(sources);
  const files = await Promise.all(sources.map(readMigrations));
  return database.session(async (session) => {
    await takeLock(session);
    await createTable(session);
    const pending = await plan(session, sources, files);
    for (const file of pending) {
      await applyFile(session, file);
      log.info({ source: file.source, migration: file.name }, "migrated");
    }
    return { applied: pending.map((file) => `${file.source}/${file.name}`) };
  });
}

/**
 * Asked for again and again: a statement that waits for the lock keeps its snapshot, and an index that its holder builds beside
 * writers waits for every older snapshot to go. The two would wait for each other.
 */
async function takeLock(session: Queryable): Promise<void> {
  const isFree = async (): Promise<boolean> => {
    const [row] = await session.query<{ free: boolean }>("SELECT pg_try_advisory_lock($1) AS free", [
      LOCK_KEY,
    ]);
    return row?.free === true;
  };
  while (!(await isFree())) await wait(LOCK_PAUSE_MS);
}

function assertDistinct(sources: readonly MigrationSource[]): void {
  const names = new Set(sources.map((source) => source.name));
  if (names.size !== sources.length) throw new TypeError("two migration sources have the same name");
}

/** Asked for first, so that a role that may not create tables can still start on a migrated database. */
async function createTable(session: Queryable): Promise<void> {
  const [row] = await session.query<{ present: boolean }>(
    "SELECT to_regclass('schema_migrations') IS NOT NULL AS present",
  );
  if (row?.present !== true) await session.query(CREATE_TABLE);
}

async function plan(
  session: Queryable,
  sources: readonly MigrationSource[],
  files: readonly MigrationFile[][],
): Promise<MigrationFile[]> {
  const applied = await session.query<AppliedMigration>(
    "SELECT source, name, checksum FROM schema_migrations",
  );
  return sources.flatMap(({ name }, index) =>
    planMigrations(
      files[index] ?? [],
      applied.filter((record) => record.source === name),
    ),
  );
}

async function applyFile(session: Queryable, file: MigrationFile): Promise<void> {
  if (!file.transactional) return runAgain(session, file);
  await session.query("BEGIN");
  try {
    await runFile(session, file);
    await session.query("COMMIT");
  } catch (error) {
    await session.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

const INDEX_NAME = /\bINDEX\s+CONCURRENTLY\s+IF\s+NOT\s+EXISTS\s+("(?:[^"]|"")+"|[^\s"]+)/i;

/** A build that failed or was killed left its index, which no query uses; `IF NOT EXISTS` is content with it. */
async function runAgain(session: Queryable, file: MigrationFile): Promise<void> {
  const [, index] = INDEX_NAME.exec(file.sql) ?? [];
  if (index !== undefined) await dropHalfMade(session, index, "index");
  await runFile(session, file);
}

async function runFile(session: Queryable, file: MigrationFile): Promise<void> {
  try {
    await session.query(file.sql);
  } catch (cause) {
    throw failed(file, cause);
  }
  await session.query("INSERT INTO schema_migrations (source, name, checksum) VALUES ($1, $2, $3)", [
    file.source,
    file.name,
    file.checksum,
  ]);
}

function failed(file: MigrationFile, cause: unknown): DatabaseError {
  const at = positionOf(file.sql, cause);
  const place = at === undefined ? "" : ` at line ${at.line}, column ${at.column}`;
  return new DatabaseError("migration-failed", `Migration ${file.source}/${file.name} failed${place}`, {
    cause,
    details: { source: file.source, name: file.name, ...at },
  });
}
