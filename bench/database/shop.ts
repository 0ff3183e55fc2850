/**
 * The shop's three questions on the plain schema and on the fast one, in one run on one server: at 10,000 products, at
 * 100,000, and with `--large` at a million with five million order lines.
 */
import { type Database, migrate } from "@rempart/database";
import { generate, LARGE, type ShopSize, SMALL } from "../../examples/shop/src/generate/generate.ts";
import { makeFast, plainShop } from "../../examples/shop/src/migrations.ts";
import { fastQueries } from "../../examples/shop/src/queries/fast.ts";
import { plainQueries } from "../../examples/shop/src/queries/plain.ts";
import type { ShopQueries } from "../../examples/shop/src/queries/queries.ts";
import { count, median, type Row, ratio, table, writeReport } from "../lib/report.ts";
import { type BenchServer, benchServer } from "./tools.ts";

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
async function measure(server: BenchServer, size: ShopSize): Promise<string> {
  const [plainName, fastName] = [`plain_${size.products}`, `fast_${size.products}`];
  // Statements of the plain schema may take long: that is what is measured.
  const open = (name: string): Database => server.open(name, { statementTimeoutMs: 120_000 });
  const admin = server.open();
  const create = (name: string, template = ""): Promise<void> =>
    admin.session(async (session) => {
      await session.query(`CREATE DATABASE ${name} ${template}`);
      await session.query(`ALTER DATABASE ${name} SET work_mem = '${WORK_MEM}'`);
    });
  await create(plainName);
  const filling = open(plainName);
  const started = performance.now();
  const progress = (step: string): void =>
    void process.stderr.write(
      `${((performance.now() - started) / 1000).toFixed(0)} s: ${size.products}: ${step}\n`,
    );
  await migrate(filling, [plainShop]);
  await generate(filling, { size, progress });
  const [{ lines = 0 } = {}] = await filling.query<{ lines: number }>(
    "SELECT count(*) AS lines FROM order_lines",
  );
  await filling.close();
  await create(fastName, `TEMPLATE ${plainName} STRATEGY FILE_COPY`);
  const [plain, fast] = [open(plainName), open(fastName)];
  progress("what makes it fast");
  const made = await milliseconds(() => makeFast(fast));
  await fast.session((session) => session.query("VACUUM (ANALYZE)"));
  const rows: Row[] = [];
  for (const question of QUESTIONS) rows.push(await compare(plain, fast, question));
  return [
    `## ${count(size.products)} products, ${count(lines)} order lines`,
    table(["question", "plain, ms", "fast, ms", "gain", "aim at a million"], rows),
    `Making it fast took ${(made / 1000).toFixed(1)} s.`,
  ].join("\n\n");
}

await using server = await benchServer();
const sections: string[] = [];
for (const size of SIZES) sections.push(await measure(server, size));
writeReport("shop", "The shop, plain and fast", [
  "Medians of rounds that alternate, each with another word, shelf or warehouse; both answer the same (`examples/shop/test/queries.test.ts`).",
  ...sections,
]);
