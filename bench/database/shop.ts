/**
 * The shop's three questions on the plain schema and on the fast one, in one run on one server: at 10,000 products, at
 * 100,000, and with `--large` at a million with five million order lines.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, type Database, migrate, startEmbeddedPostgres } from "@rempart/database";
import { silentLogger } from "@rempart/runtime";
import { generate, LARGE, type ShopSize, SMALL } from "../../examples/shop/src/generate/generate.ts";
import { makeFast, plainShop } from "../../examples/shop/src/migrations.ts";
import { fastQueries } from "../../examples/shop/src/queries/fast.ts";
import { plainQueries } from "../../examples/shop/src/queries/plain.ts";
import type { ShopQueries } from "../../examples/shop/src/queries/queries.ts";
import { count, median, type Row, ratio, table, writeReport } from "../lib/report.ts";

const ROUNDS = 7;
/** For both: an operator who adds up months would set it. */
const WORK_MEM = "64MB";
const WORDS = ["amber", "lamp", "woven", "kettle", "etched", "ivory", "drum", "waxed"];

interface Question {
  readonly name: string;
  /** The ratio that requirement and issue ask for at a million products. */
  readonly aim: number;
  ask(queries: ShopQueries, database: Database, round: number): Promise<unknown>;
}

const QUESTIONS: readonly Question[] = [
  {
    name: "product search",
    aim: 7.8,
    ask: (queries, database, round) =>
      queries.search(database, {
        words: [WORDS[round % WORDS.length] as string],
        categoryId: 1 + (round % 50),
        minCents: 1_000,
        maxCents: 40_000,
        limit: 20,
      }),
  },
  { name: "sales dashboard", aim: 20.8, ask: (queries, database) => queries.dashboard(database) },
  {
    name: "live inventory",
    aim: 30,
    ask: (queries, database, round) =>
      queries.inventory(database, { warehouseId: 1 + (round % 4), categoryId: 1 + (round % 50), limit: 50 }),
  },
];

const SIZES: readonly ShopSize[] = [
  { ...SMALL, products: 10_000, customers: 2_000, orders: 20_000 },
  { ...SMALL, products: 100_000, customers: 20_000, orders: 200_000 },
  ...(process.argv.includes("--large") ? [LARGE] : []),
];

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function compare(plain: Database, fast: Database, question: Question): Promise<Row> {
  const before: number[] = [];
  const after: number[] = [];
  await question.ask(plainQueries, plain, 0);
  await question.ask(fastQueries, fast, 0);
  for (let round = 1; round <= ROUNDS; round += 1) {
    before.push(await milliseconds(() => question.ask(plainQueries, plain, round)));
    after.push(await milliseconds(() => question.ask(fastQueries, fast, round)));
  }
  const gain = median(before) / median(after);
  return [
    question.name,
    median(before).toFixed(1),
    median(after).toFixed(2),
    `${ratio(gain)} ×`,
    `${question.aim} ×`,
  ];
}

/** The plain shop, and a copy of it that is made fast. */
async function measure(server: Database, urlOf: (name: string) => string, size: ShopSize): Promise<string> {
  await server.session(async (session) => {
    for (const name of ["plain", "fast"])
      await session.query(`DROP DATABASE IF EXISTS shop_${name} WITH (FORCE)`);
    await session.query("CREATE DATABASE shop_plain");
    await session.query(`ALTER DATABASE shop_plain SET work_mem = '${WORK_MEM}'`);
  });
  await using plain = open(urlOf("shop_plain"));
  await migrate(plain.database, [plainShop]);
  await generate(plain.database, {
    size,
    progress: (step) => process.stderr.write(`${size.products}: ${step}\n`),
  });
  const [{ lines = 0 } = {}] = await plain.database.query<{ lines: number }>(
    "SELECT count(*) AS lines FROM order_lines",
  );
  await plain.database.close();
  await server.session(async (session) => {
    await session.query("CREATE DATABASE shop_fast TEMPLATE shop_plain STRATEGY FILE_COPY");
    await session.query(`ALTER DATABASE shop_fast SET work_mem = '${WORK_MEM}'`);
  });
  await using fast = open(urlOf("shop_fast"));
  await using before = open(urlOf("shop_plain"));
  const made = await milliseconds(() => makeFast(fast.database));
  await fast.database.session((session) => session.query("VACUUM (ANALYZE)"));
  const rows: Row[] = [];
  for (const question of QUESTIONS) rows.push(await compare(before.database, fast.database, question));
  return [
    `## ${count(size.products)} products, ${count(lines)} order lines`,
    table(["question", "plain, ms", "fast, ms", "gain", "aim at a million"], rows),
    `Making it fast took ${(made / 1000).toFixed(1)} s.`,
  ].join("\n\n");
}

/** Statements of the plain schema are allowed to take long: that is what is measured. */
function open(url: string): AsyncDisposable & { readonly database: Database } {
  const database = createDatabase({ url, statementTimeoutMs: 120_000 });
  return { database, [Symbol.asyncDispose]: () => database.close() };
}

const directory = await mkdtemp(join(tmpdir(), "rempart-bench-shop-"));
const server = await startEmbeddedPostgres({ directory: join(directory, "postgres"), log: silentLogger });
const admin = createDatabase({ url: server.superuserUrl });
const urlOf = (name: string): string => {
  const url = new URL(server.superuserUrl);
  url.pathname = `/${name}`;
  return url.href;
};
try {
  const sections: string[] = [];
  for (const size of SIZES) sections.push(await measure(admin, urlOf, size));
  writeReport("shop", "The shop, plain and fast", [
    "Medians of rounds that alternate, each with another word, shelf or warehouse; both answer the same (`examples/shop/test/queries.test.ts`).",
    ...sections,
  ]);
} finally {
  await admin.close();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
}
