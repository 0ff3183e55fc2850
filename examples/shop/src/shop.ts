/** The whole shop as one component of a process. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  type Cache,
  cacheMigrations,
  cleanCache,
  createCache,
  createDatabase,
  type Database,
  migrate,
  postgresCacheStore,
  startEmbeddedPostgres,
} from "@rempart/database";
import { systemClock, systemRandom, uuidV7Generator } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { type Component, type Logger, silentLogger } from "@rempart/runtime";
import { createShop } from "./app.ts";
import type { ShopConfig } from "./config.ts";
import { createCustomers } from "./customers.ts";
import { generate, SMALL } from "./generate/generate.ts";
import { readIndexKey } from "./index-key.ts";
import { createShopMetrics, type ShopMetrics } from "./metrics.ts";
import { makeFast, plainShop } from "./migrations.ts";
import { createPayments } from "./payments.ts";
import { cachedQueries } from "./queries/cached.ts";
import { fastQueries } from "./queries/fast.ts";

export interface ShopOptions {
  readonly config: ShopConfig;
  readonly log?: Logger;
  readonly started?: (url: string) => void;
}

export function shopComponent({ config, log = silentLogger, started }: ShopOptions): Component {
  const closers = new AsyncDisposableStack();
  return {
    name: "shop",
    async start() {
      try {
        started?.(await open(config, log, closers));
      } catch (error) {
        await closers.disposeAsync();
        throw error;
      }
    },
    stop: () => closers.disposeAsync(),
  };
}

/** Resolves with the address it serves at. */
async function open(config: ShopConfig, log: Logger, closers: AsyncDisposableStack): Promise<string> {
  const metrics = createShopMetrics();
  const database = await openDatabase(config, log, metrics, closers);
  const keyring = closers.use(
    createKeyring({
      local: localKeyFile(join(config.dataDirectory, "keys.json")),
      clock: systemClock,
      random: systemRandom,
    }),
  );
  const cache = await openCache(database, metrics, closers);
  const ttlMs = config.cacheSeconds * 1000;
  const app = createShop({
    database,
    cache,
    queries: ttlMs === 0 ? fastQueries : cachedQueries(fastQueries, cache, ttlMs),
    customers: createCustomers({
      database,
      envelopes: keyring,
      indexKey: await readIndexKey(config.dataDirectory),
      newId: uuidV7Generator(systemClock, systemRandom),
    }),
    payments:
      config.stripeSecret && createPayments({ database, secret: config.stripeSecret, clock: systemClock }),
    adminDigest: config.adminDigest,
    registry: metrics.registry,
    clock: systemClock,
  });
  return listen(createServer(app), config, closers);
}

async function openDatabase(
  { databaseUrl, dataDirectory }: ShopConfig,
  log: Logger,
  metrics: ShopMetrics,
  closers: AsyncDisposableStack,
): Promise<Database> {
  const url = databaseUrl?.reveal() ?? (await embedded(dataDirectory, log, closers));
  const database = createDatabase({ url, applicationName: "shop" });
  closers.defer(() => database.close());
  await migrate(database, [plainShop]);
  const [{ empty = true } = {}] = await database.query<{ empty: boolean }>(
    "SELECT NOT EXISTS (SELECT FROM categories) AS empty",
  );
  if (empty) await generate(database, { size: SMALL });
  const views = await makeFast(database, metrics.refreshed);
  metrics.watch(views);
  const refreshing = new AbortController();
  const refreshed = views.run(refreshing.signal);
  closers.defer(async () => {
    refreshing.abort();
    await refreshed;
  });
  return database;
}

const CLEANING_MS = 60_000;

async function openCache(
  database: Database,
  { asked }: ShopMetrics,
  closers: AsyncDisposableStack,
): Promise<Cache> {
  await migrate(database, [cacheMigrations]);
  const clean = () => cleanCache(database, { maxEntries: 10_000, maxBytes: 64 * 2 ** 20 }).catch(() => 0);
  const timer = setInterval(clean, CLEANING_MS);
  closers.defer(() => clearInterval(timer));
  return createCache({ store: postgresCacheStore(database), observe: asked });
}

async function embedded(directory: string, log: Logger, closers: AsyncDisposableStack): Promise<string> {
  const server = await startEmbeddedPostgres({ directory: join(directory, "postgres"), log });
  closers.defer(() => server.stop());
  return server.url;
}

async function listen(
  server: Server,
  { host, port }: ShopConfig,
  closers: AsyncDisposableStack,
): Promise<string> {
  server.listen(port, host);
  await once(server, "listening");
  closers.defer(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}
