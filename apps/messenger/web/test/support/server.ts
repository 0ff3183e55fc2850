import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import {
  type Messenger,
  messengerMigrations,
  readMessengerConfig,
  startMessenger,
} from "@rempart/messenger-server";
import { silentLogger } from "@rempart/runtime";
import { testDatabase } from "@rempart/testing";
import { closeTabs } from "./person.ts";

export interface Server {
  readonly url: () => string;
  readonly database: Awaited<ReturnType<typeof testDatabase>>["database"];
  stop(): Promise<void>;
}

/** The server of a test file: it ends with the file, after the tabs that talk to it. */
export async function serverOfTests(): Promise<Server> {
  const server = await startServer();
  after(async () => {
    await closeTabs();
    await server.stop();
  });
  return server;
}

/** The real server in this process, on a database of its own, with limits that no test reaches. */
export async function startServer(webDirectory = "/nonexistent"): Promise<Server> {
  const { database, url, close } = await testDatabase({ migrations: messengerMigrations });
  const directory = await mkdtemp(join(tmpdir(), "rempart-messenger-"));
  const config = readMessengerConfig({
    DATABASE_URL: url,
    DATA_DIRECTORY: directory,
    HOST: "127.0.0.1",
    PORT: "0",
    ADMIN_PORT: "0",
    RATE_LIMIT_MAX: "1000000",
    RATE_LIMIT_AUTH_MAX: "1000000",
    RATE_LIMIT_MESSAGES_MAX: "1000000",
    LOG_LEVEL: "silent",
    MONITOR_ENABLED: "false",
    WEB_DIRECTORY: webDirectory,
  });
  const messenger: Messenger = await startMessenger({ config, log: silentLogger });
  return {
    url: () => messenger.publicUrl,
    database,
    async stop() {
      await messenger.stop();
      await close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
