import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createDatabase,
  type Database,
  isDatabaseError,
  type MigrationSource,
  migrate,
  type Queryable,
  readMigrations,
} from "@rempart/database";
import { testServerUrl } from "./test-server.ts";

export interface TestDatabaseOptions {
  migrations: readonly MigrationSource[];
}

export interface TestDatabase extends AsyncDisposable {
  database: Database;
  /** For code under test that opens its own pool. */
  url: string;
  /** Closes the pool and drops the database, whoever is still connected to it. */
  close(): Promise<void>;
}

/**
 * A fresh, migrated database of its own for one test or one test file: a copy of a template that is migrated once per server
 * and set of migrations, whichever process comes first.
 */
export async function testDatabase({ migrations }: TestDatabaseOptions): Promise<TestDatabase> {
  const serverUrl = await testServerUrl();
  const name = `test_${randomBytes(8).toString("hex")}`;
  await inMaintenance(serverUrl, async (session) => {
    const template = await ensureTemplate(session, serverUrl, migrations);
    // Through the log of changes, which is the default, a copy costs the server twice the time.
    await session.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  });
  const url = withDatabase(serverUrl, name);
  const database = createDatabase({ url, applicationName: name });
  const close = async (): Promise<void> => {
    await database.close();
    await inMaintenance(serverUrl, (session) => drop(session, name));
  };
  return { database, url, close, [Symbol.asyncDispose]: close };
}

const DROP_ATTEMPTS = 300;
const DROP_PAUSE_MS = 100;

/** The server's own cleaning may be at it just now, and nobody but a superuser may end that: it is over in a moment. */
async function drop(session: Queryable, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await session.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      return;
    } catch (error) {
      if (!isDatabaseError(error, "permission-denied") || attempt === DROP_ATTEMPTS) throw error;
      await sleep(DROP_PAUSE_MS);
    }
  }
}

async function inMaintenance<T>(url: string, work: (session: Queryable) => Promise<T>): Promise<T> {
  const database = createDatabase({
    url,
    poolSize: 1,
    connectTimeoutMs: 30_000,
    applicationName: "rempart-testing",
  });
  try {
    return await database.session(work);
  } finally {
    await database.close();
  }
}

/** Built under another name and renamed when it is whole, so an interrupted build is never copied. */
async function ensureTemplate(
  session: Queryable,
  serverUrl: string,
  migrations: readonly MigrationSource[],
): Promise<string> {
  const name = `template_${await fingerprint(migrations)}`;
  await session.query("SELECT pg_advisory_lock(hashtext($1))", [name]);
  const found = await session.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
  if (found.length === 0) {
    const scratch = `${name}_new`;
    await session.query(`DROP DATABASE IF EXISTS ${scratch} WITH (FORCE)`);
    await session.query(`CREATE DATABASE ${scratch}`);
    await migrateOnce(withDatabase(serverUrl, scratch), migrations);
    await session.query(`ALTER DATABASE ${scratch} RENAME TO ${name}`);
  }
  await session.query("SELECT pg_advisory_unlock(hashtext($1))", [name]);
  return name;
}

async function migrateOnce(url: string, migrations: readonly MigrationSource[]): Promise<void> {
  const database = createDatabase({ url, poolSize: 1 });
  try {
    await migrate(database, migrations);
  } finally {
    await database.close();
  }
}

async function fingerprint(migrations: readonly MigrationSource[]): Promise<string> {
  const files = (await Promise.all(migrations.map(readMigrations))).flat();
  const hash = createHash("sha256");
  for (const { source, name, checksum } of files) hash.update(`${source}/${name}:${checksum}\n`);
  return hash.digest("hex").slice(0, 16);
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
