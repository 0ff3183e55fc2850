/**
 * What a value costs from the cache, beside Redis' own client with nothing around it; and rows a second of an export, beside a
 * bare `COPY … TO STDOUT` by the same client. PostgreSQL and Redis on one core, the caller on the other; rounds alternate.
 */
import {
  cacheMigrations,
  createCache,
  type Database,
  exportRows,
  migrate,
  postgresCacheStore,
  redisCacheStore,
} from "@rempart/database";
import { startRedis } from "@rempart/testing";
import { createClient } from "redis";
import { LOAD_CORE, pin, processTree, SERVER_CORE } from "../lib/process.ts";
import { count, median, quantile, type Row, ratio, table, writeReport } from "../lib/report.ts";
import { benchServer } from "./tools.ts";

const ROUNDS = 5;
const CALLS = 4_000;
const KEYS = 1_000;
const VALUE = { name: "amber lamp", price: 1_999, tags: ["woven", "ivory"], text: "x".repeat(400) };
const ROWS = 1_000_000;

interface Store {
  readonly name: string;
  set(key: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
}

/** Calls a second with so many at a time, and the 99th percentile of one call in milliseconds. */
async function drive(
  call: (key: string) => Promise<unknown>,
  lanes: number,
): Promise<{ rate: number; p99: number }> {
  const times: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < CALLS) {
      next += 1;
      const from = performance.now();
      await call(`key ${next % KEYS}`);
      times.push(performance.now() - from);
    }
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  return { rate: (CALLS * 1000) / (performance.now() - from), p99: quantile(times, 0.99) };
}

async function cacheRows(stores: readonly Store[], operation: "get" | "set", lanes: number): Promise<Row[]> {
  const rates = new Map(stores.map(({ name }) => [name, [] as number[]]));
  const tails = new Map(stores.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const store of stores) {
      const { rate, p99 } = await drive((key) => store[operation](key), lanes);
      if (round === 0) continue;
      rates.get(store.name)?.push(rate);
      tails.get(store.name)?.push(p99);
    }
  }
  const bare = median(rates.get("redis client") ?? []);
  return stores.map(({ name }) => {
    const rate = median(rates.get(name) ?? []);
    return [
      operation,
      lanes,
      name,
      count(rate),
      ratio(rate / bare),
      median(tails.get(name) ?? []).toFixed(2),
    ];
  });
}

async function cacheTable(database: Database): Promise<string> {
  await migrate(database, [cacheMigrations]);
  await using server = await startRedis();
  const client = createClient({ url: server.url });
  await client.connect();
  const keep = { ttlMs: 600_000 };
  const [inTable, inRedis] = [postgresCacheStore(database), redisCacheStore({ client })].map((store) =>
    createCache({ store, budgetMs: 5_000 }),
  );
  const stores: Store[] = [
    {
      name: "table",
      set: async (key) => inTable?.set(key, VALUE, keep),
      get: async (key) => inTable?.get(key),
    },
    {
      name: "redis",
      set: async (key) => inRedis?.set(key, VALUE, keep),
      get: async (key) => inRedis?.get(key),
    },
    {
      name: "redis client",
      set: (key) => client.set(key, JSON.stringify(VALUE), { PX: keep.ttlMs }),
      get: async (key) => JSON.parse((await client.get(key)) ?? "null"),
    },
  ];
  const rows: Row[] = [];
  for (const operation of ["set", "get"] as const)
    for (const lanes of [1, 64]) rows.push(...(await cacheRows(stores, operation, lanes)));
  client.destroy();
  return table(["operation", "at a time", "store", "calls/s", "of the bare client", "p99, ms"], rows);
}

async function taken(stream: AsyncIterable<Uint8Array>): Promise<{ ms: number; bytes: number }> {
  const from = performance.now();
  let bytes = 0;
  for await (const part of stream) bytes += part.length;
  return { ms: performance.now() - from, bytes };
}

async function exportTable(database: Database): Promise<string> {
  await database.session(async (session) => {
    await session.query(`CREATE TABLE readings (id bigint PRIMARY KEY, sensor text NOT NULL, value numeric NOT NULL,
      unit text NOT NULL, at timestamptz NOT NULL)`);
    await session.query(`INSERT INTO readings SELECT i, 'sensor ' || i % 1000, i / 7.0, 'kelvin',
      timestamptz '2026-01-01 00:00Z' + make_interval(secs => i) FROM generate_series(1, ${ROWS}) i`);
    await session.query("VACUUM (ANALYZE) readings");
  });
  const source = { database, select: "SELECT * FROM readings", key: "id" };
  const ways: Record<string, () => Promise<{ ms: number; bytes: number }>> = {
    "COPY readings TO STDOUT": () =>
      database.session((session) => taken(session.copyOut("COPY readings TO STDOUT"))),
    csv: () => taken(exportRows({ ...source, format: "csv" })),
    jsonl: () => taken(exportRows({ ...source, format: "jsonl" })),
    json: () => taken(exportRows({ ...source, format: "json" })),
    "csv, zstd": () => taken(exportRows({ ...source, format: "csv", compression: "zstd" })),
  };
  const results = new Map(Object.keys(ways).map((name) => [name, [] as { ms: number; bytes: number }[]]));
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, way] of Object.entries(ways)) results.get(name)?.push(await way());
  clearInterval(watch);
  const rateOf = (name: string): number =>
    (ROWS * 1000) / median((results.get(name) ?? []).map(({ ms }) => ms));
  const bare = rateOf("COPY readings TO STDOUT");
  const rows = [...results].map(
    ([name, all]): Row => [
      name,
      count(rateOf(name)),
      ratio(rateOf(name) / bare),
      Math.round((all[0]?.bytes ?? 0) / 2 ** 20),
    ],
  );
  return [
    table(["what", "rows/s", "of a bare COPY", "MiB"], rows),
    `Memory of the process at its largest: ${mebibytes(most)} MiB, of which ${mebibytes(most - before)} MiB came while it exported. Aim: 0.5 of COPY within 100 MiB.`,
  ].join("\n\n");
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

await using server = await benchServer();
for (const pid of processTree(server.pid)) pin(pid, SERVER_CORE);
pin(process.pid, LOAD_CORE);
const database = server.open("postgres", { poolSize: 16 });
const exported = await exportTable(database);
const cached = await cacheTable(database);
writeReport("database", "The cache and the export", [
  `## Cache: values of ${JSON.stringify(VALUE).length} bytes under ${KEYS} keys`,
  cached,
  `## Export: ${count(ROWS)} rows`,
  exported,
]);
