import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@rempart/runtime";
import { type TestDatabase, testDatabase } from "@rempart/testing";
import {
  type Installation,
  type Messenger,
  type MessengerConfig,
  type MessengerOptions,
  messengerMigrations,
  readMessengerConfig,
  startMessenger,
} from "../../src/index.ts";
import { openInstallation } from "../../src/installation.ts";

/** Limits that no test meets by accident. */
const UNLIMITED = {
  RATE_LIMIT_MAX: "1000000",
  RATE_LIMIT_AUTH_MAX: "1000000",
  RATE_LIMIT_MESSAGES_MAX: "1000000",
};

export interface ServerOptions extends Omit<MessengerOptions, "config"> {
  env?: Record<string, string>;
  /** What the server connects to in place of its database. */
  through?: (url: string) => string;
}

export interface TestMessenger extends Messenger, AsyncDisposable {
  readonly storage: TestDatabase;
  /** For another process of the same installation. */
  readonly env: Readonly<Record<string, string>>;
  /** Another server process on the same database. */
  sibling(options?: ServerOptions): Promise<Messenger & AsyncDisposable>;
  /** What an operator's command opens beside the server. */
  installation(): Promise<Installation>;
}

/** The whole server on free ports and a database of its own. */
export async function testMessenger(options: ServerOptions = {}): Promise<TestMessenger> {
  const storage = await testDatabase({ migrations: messengerMigrations });
  const directory = await mkdtemp(join(tmpdir(), "rempart-messenger-"));
  const { through = (url: string) => url } = options;
  const place = { url: through(storage.url), directory };
  const messenger = await start(place, options);
  return {
    ...messenger,
    storage,
    env: envOf(place, options),
    sibling: (more = {}) => start(place, { ...options, ...more }),
    installation: () => openInstallation(configOf(place, options), silentLogger),
    async [Symbol.asyncDispose]() {
      await messenger.stop();
      await storage.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What the processes of one installation share. */
interface Place {
  readonly url: string;
  readonly directory: string;
}

async function start(place: Place, options: ServerOptions): Promise<Messenger & AsyncDisposable> {
  const { env: _, through: __, ...given } = options;
  const messenger = await startMessenger({ log: silentLogger, ...given, config: configOf(place, options) });
  return { ...messenger, [Symbol.asyncDispose]: messenger.stop };
}

function configOf(place: Place, options: ServerOptions): MessengerConfig {
  return readMessengerConfig(envOf(place, options));
}

function envOf({ url, directory }: Place, { env = {} }: ServerOptions): Record<string, string> {
  return {
    DATABASE_URL: url,
    DATA_DIRECTORY: directory,
    DATABASE_POOL_SIZE: "8",
    HOST: "127.0.0.1",
    PORT: "0",
    ADMIN_PORT: "0",
    WEB_DIRECTORY: "/nonexistent",
    MONITOR_ENABLED: "false",
    ...UNLIMITED,
    ...env,
  };
}
