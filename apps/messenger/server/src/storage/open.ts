import { join } from "node:path";
import { createDatabase, type Database, migrate, startEmbeddedPostgres } from "@rempart/database";
import { identityMigrations } from "@rempart/identity";
import { explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { DatabaseConfig } from "../config.ts";
import { messengerMigrations } from "../migrations.ts";

export interface Storage {
  readonly database: Database;
  /** Rises when the database was restored from a backup. */
  readonly incarnation: number;
  /** Resolves when an embedded server ended by itself and will not come back. Never for a server elsewhere. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

interface Server {
  readonly url: string;
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

/** A migrated database: the embedded server's, started here, or the one at the configured address. */
export async function openStorage(config: DatabaseConfig, log: Logger): Promise<Storage> {
  const server = await openServer(config, log);
  const database = createDatabase({
    url: server.url,
    poolSize: config.poolSize,
    applicationName: "rempart-messenger",
    onError: (error) => log.warn({ error: explain(error) }, "a database connection was lost"),
  });
  const close = async (): Promise<void> => {
    await database.close();
    await server.stop();
  };
  try {
    await migrate(database, [identityMigrations, messengerMigrations], log);
    return { database, incarnation: await readIncarnation(database), failed: server.failed, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openServer(config: DatabaseConfig, log: Logger): Promise<Server> {
  if (config.kind === "url") {
    return { url: config.url.reveal(), failed: new Promise(() => {}), stop: async () => {} };
  }
  const embedded = await startEmbeddedPostgres({ directory: join(config.directory, "postgres"), log });
  const failed = embedded.exited.then((error) => error ?? new Promise<never>(() => {}));
  return { url: embedded.url, failed, stop: () => embedded.stop() };
}

async function readIncarnation(database: Database): Promise<number> {
  const [row] = await database.query<{ incarnation: number }>("SELECT incarnation FROM server_state");
  return row?.incarnation ?? 1;
}
