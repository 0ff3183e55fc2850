import { join } from "node:path";
import {
  createDatabase,
  type Database,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  findEmbeddedPostgres,
  isDatabaseError,
  migrate,
  type StatementTracer,
  startEmbeddedPostgres,
} from "@rempart/database";
import { heldBack } from "@rempart/database/backup";
import { explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { DatabaseConfig, MessengerConfig } from "../config.ts";
import { messengerMigrations } from "../migrations.ts";
import { watchUrlFile } from "./url-file.ts";

export interface Storage {
  readonly database: Database;
  /** Rises when the database was restored from a backup. */
  readonly incarnation: number;
  /** The embedded server; null for one elsewhere. */
  readonly embedded: EmbeddedAt | null;
  /** Resolves when an embedded server ended by itself and will not come back. Never for a server elsewhere. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

type EmbeddedAt = Pick<EmbeddedPostgres, "superuserUrl" | "dataDirectory">;

interface Server {
  readonly url: string;
  readonly embedded: EmbeddedAt | null;
  readonly failed: Promise<Error>;
  /** Keeps the pool on the address that holds. */
  follow(database: Database): void;
  stop(): Promise<void>;
}

/** The database as it is, for what an operator looks at and mends. */
export interface Maintenance extends AsyncDisposable {
  /** Of the messenger's role, which owns the tables. */
  readonly database: Database;
  /** Of a superuser; null where none is known. */
  readonly admin: Database | null;
  /** Whether the server shares this machine. */
  readonly local: boolean;
}

export interface StorageOptions {
  /** Use the embedded server that another process runs on the directory: for what an operator does meanwhile. */
  readonly beside?: boolean;
  /** Told of every statement. */
  readonly trace?: StatementTracer | undefined;
  /** An archiver's; without one, what is written waits for the next start that has one. */
  readonly settings?: ServerSettings | undefined;
}

type ServerSettings = NonNullable<EmbeddedPostgresOptions["settings"]>;

/** A migrated database: the embedded server's, started here, or the one at the configured address. */
export async function openStorage(
  config: DatabaseConfig,
  log: Logger,
  { beside = false, trace, settings }: StorageOptions = {},
): Promise<Storage> {
  const server = await openServer(config, log, beside, settings);
  const database = createDatabase({
    url: server.url,
    poolSize: config.poolSize,
    applicationName: "rempart-messenger",
    onError: (error) => log.warn({ error: explain(error) }, "a database connection was lost"),
    ...(trace === undefined ? {} : { trace }),
  });
  const close = async (): Promise<void> => {
    await database.close();
    await server.stop();
  };
  try {
    await migrate(database, messengerMigrations, log);
    server.follow(database);
    const { embedded, failed } = server;
    return { database, incarnation: await readIncarnation(database), embedded, failed, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Nothing is migrated. The embedded server's superuser is at hand; elsewhere it is the one `databaseAdminUrl` names. */
export async function openMaintenance(
  {
    database: config,
    databaseAdminUrl,
    backup,
  }: Pick<MessengerConfig, "database" | "databaseAdminUrl" | "backup">,
  log: Logger,
): Promise<Maintenance> {
  const server = await openServer(config, log, true, backup.repository === null ? undefined : heldBack);
  const open = (url: string): Database => createDatabase({ url, poolSize: 4, applicationName: "rempart-db" });
  const adminUrl = server.embedded?.superuserUrl ?? databaseAdminUrl?.reveal();
  const admin = adminUrl === undefined ? null : open(withDatabaseOf(adminUrl, server.url));
  const database = open(server.url);
  return {
    database,
    admin,
    local: config.kind === "embedded",
    async [Symbol.asyncDispose]() {
      await Promise.all([database.close(), admin?.close()]);
      await server.stop();
    },
  };
}

/** A superuser's address may name another database of the same server. */
function withDatabaseOf(adminUrl: string, url: string): string {
  const changed = new URL(adminUrl);
  changed.pathname = new URL(url).pathname;
  return changed.href;
}

async function openServer(
  config: DatabaseConfig,
  log: Logger,
  beside: boolean,
  settings: ServerSettings | undefined,
): Promise<Server> {
  if (config.kind === "url") return elsewhere(config.url.reveal());
  if (config.kind === "file") return { ...elsewhere(""), ...(await watchUrlFile(config.path, log)) };
  const directory = join(config.directory, "postgres");
  try {
    return await startServer(directory, log, settings);
  } catch (error) {
    const running =
      beside && isDatabaseError(error, "already-running") && (await findEmbeddedPostgres(directory));
    if (!running) throw error;
    return { ...elsewhere(running.url), embedded: running };
  }
}

function elsewhere(url: string): Server {
  return { url, embedded: null, failed: new Promise(() => {}), follow: () => {}, stop: async () => {} };
}

async function startServer(
  directory: string,
  log: Logger,
  settings: ServerSettings | undefined,
): Promise<Server> {
  const embedded = await startEmbeddedPostgres({ directory, log, ...(settings && { settings }) });
  const failed = embedded.exited.then((error) => error ?? new Promise<never>(() => {}));
  return { url: embedded.url, embedded, failed, follow: () => {}, stop: () => embedded.stop() };
}

async function readIncarnation(database: Database): Promise<number> {
  const [row] = await database.query<{ incarnation: number }>("SELECT incarnation FROM server_state");
  return row?.incarnation ?? 1;
}
