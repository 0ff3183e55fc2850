/** What a drill costs those whom the process that asks for it serves: within that process, and in one of its own. */
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, type Database } from "@rempart/database";
import {
  type AskedSideDrill,
  builtInEngine,
  type DrillRecord,
  directoryRepository,
  drill,
  drillAside,
} from "@rempart/database/backup";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { count, median, quantile, type Row, ratio, table } from "../lib/report.ts";
import { type Bench, BIN, countRows } from "./server.ts";

interface Drilled {
  readonly scratch: string;
  readonly url: string;
  readonly rows: number;
}

/** Of the newest backup of the built-in engine. */
export async function drillHere(
  { scratch, url, rows }: Drilled,
  asked: Partial<AskedSideDrill> = {},
): Promise<DrillRecord> {
  const primary = createDatabase({ url, poolSize: 3 });
  using vault = vaultIn(scratch);
  const engine = builtInEngine({ ...vault, programs: { postgres: join(BIN, "postgres") } });
  try {
    return await drill(vault, {
      ...asked,
      engine,
      primary,
      place: join(scratch, "drills"),
      application: { role: "postgres", database: "postgres" },
      async firstQuery(database) {
        if ((await countRows(database)) !== rows) throw new Error("rows are missing");
      },
    });
  } finally {
    await primary.close();
  }
}

function vaultIn(scratch: string) {
  const local = localKeyFile(join(scratch, "key"));
  const sealing = createKeyring({ local, clock: systemClock, random: systemRandom });
  const repository = directoryRepository(join(scratch, "built-in"));
  return { repository, sealing, [Symbol.dispose]: () => sealing[Symbol.dispose]() };
}

async function drillBeside({ scratch, url, rows }: Drilled): Promise<DrillRecord> {
  using vault = vaultIn(scratch);
  const environment = { ...process.env, BENCH_SCRATCH: scratch, BENCH_URL: url, BENCH_ROWS: String(rows) };
  const module = new URL("./drill-process.ts", import.meta.url);
  return await drillAside(vault, { module, engine: "built-in", environment });
}

interface Served {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly middle: number;
  readonly slow: number;
  /** Milliseconds that the event loop was held up, at most. */
  readonly heldUp: number;
  readonly drillMs: number;
}

const CLIENTS = 4;

/** Serves as the messenger does, one small transaction after the other, until `work` ends. */
async function serveWhile(database: Database, rows: number, work: () => Promise<unknown>): Promise<Served> {
  const took: number[] = [];
  let ended = false;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const from = performance.now();
  const client = async (): Promise<void> => {
    while (!ended) {
      const at = performance.now();
      const row = 1 + Math.floor(Math.random() * rows);
      await database.query("UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = $1", [row]);
      took.push(performance.now() - at);
      await sleep(5);
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  try {
    await work();
  } finally {
    ended = true;
    await Promise.all(clients);
  }
  const drillMs = performance.now() - from;
  delay.disable();
  return {
    perSecond: took.length / (drillMs / 1_000),
    middle: quantile(took, 0.5),
    slow: quantile(took, 0.99),
    heldUp: delay.max / 1e6,
    drillMs,
  };
}

async function passing(drilled: Promise<DrillRecord>): Promise<void> {
  const record = await drilled;
  if (!record.passed) throw new Error(`the drill failed: ${JSON.stringify(record)}`);
}

const REST_MS = 6_000;

export async function drillTable(bench: Bench, database: Database, rounds: number): Promise<string> {
  const { scratch, rows, server } = bench;
  const drilled = { scratch, url: server.url, rows };
  const ways: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["no drill", () => sleep(REST_MS)],
    ["a drill in the process that serves", () => passing(drillHere(drilled))],
    ["a drill in a process of its own", () => passing(drillBeside(drilled))],
  ];
  const figures = new Map(ways.map(([name]) => [name, [] as Served[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, work] of ways) figures.get(name)?.push(await serveWhile(database, rows, work));
  const of = (all: readonly Served[], part: keyof Served): number => median(all.map((one) => one[part]));
  const rest = of(figures.get("no drill") ?? [], "perSecond");
  const line = ([name, all]: readonly [string, readonly Served[]]): Row => [
    name,
    `${count(of(all, "perSecond"))} (${ratio(of(all, "perSecond") / rest)})`,
    `${of(all, "middle").toFixed(1)} ms`,
    `${of(all, "slow").toFixed(1)} ms`,
    `${of(all, "heldUp").toFixed(0)} ms`,
    name === "no drill" ? "" : `${(of(all, "drillMs") / 1_000).toFixed(1)} s`,
  ];
  return [
    table(
      ["while", "transactions/s (of rest)", "median", "99th percentile", "event loop held up", "drill"],
      [...figures].map(line),
    ),
    `${CLIENTS} clients in this process, each 5 ms after its last transaction, ${rounds} rounds in turn, medians.`,
  ].join("\n\n");
}
