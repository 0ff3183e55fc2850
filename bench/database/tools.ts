/** A durable embedded server for one bench, with its pool, gone when the bench is. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createDatabase,
  type Database,
  type DatabaseOptions,
  startEmbeddedPostgres,
} from "@rempart/database";
import { silentLogger } from "@rempart/runtime";

export interface BenchServer extends AsyncDisposable {
  /** Of the superuser. */
  readonly url: string;
  /** Of the postmaster. */
  readonly pid: number;
  open(database?: string, options?: Partial<DatabaseOptions>): Database;
}

export async function benchServer(): Promise<BenchServer> {
  const directory = await mkdtemp(join(tmpdir(), "rempart-bench-database-"));
  const server = await startEmbeddedPostgres({ directory: join(directory, "postgres"), log: silentLogger });
  const opened: Database[] = [];
  const urlOf = (name: string): string => {
    const url = new URL(server.superuserUrl);
    url.pathname = `/${name}`;
    return url.href;
  };
  return {
    url: server.superuserUrl,
    pid: server.pid,
    open(name = "postgres", options = {}) {
      const database = createDatabase({ url: urlOf(name), ...options });
      opened.push(database);
      return database;
    },
    async [Symbol.asyncDispose]() {
      for (const database of opened) await database.close();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
