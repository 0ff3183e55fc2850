/**
 * Backup and restore beside what others use: `node bench/backup/run.ts [--scale 70] [--rounds 5]`. The same server of Debian's
 * PostgreSQL 15, on the same disk; rounds are interleaved and medians reported. 70 is 1.1 GB.
 */
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import { createDatabase, type Database } from "@rempart/database";
import { requireService } from "@rempart/testing";
import { count, median, type Row, ratio, table, writeReport } from "../lib/report.ts";
import { type Bench, BIN, bytesBelow, startBench } from "./server.ts";
import { baseBackup, builtIn, dump, pgBackRest, type Tool } from "./tools.ts";

const run = promisify(execFile);

interface Figures {
  readonly backup: number[];
  readonly stored: number[];
  readonly restore: number[];
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const before = performance.now();
  await work();
  return (performance.now() - before) / 1_000;
};

async function measure(tools: readonly Tool[], rounds: number): Promise<Map<Tool, Figures>> {
  const figures = new Map(tools.map((tool) => [tool, { backup: [], stored: [], restore: [] } as Figures]));
  for (let round = 0; round < rounds; round += 1)
    for (const [tool, { backup, stored, restore }] of figures) {
      backup.push(await seconds(async () => stored.push(await tool.backup(round))));
      restore.push(await seconds(() => tool.restore(round)));
      process.stderr.write(`${tool.name}: ${backup.at(-1)?.toFixed(1)} s, ${restore.at(-1)?.toFixed(1)} s\n`);
    }
  return figures;
}

function toolRow([tool, { backup, stored, restore }]: [Tool, Figures], bytes: number): Row {
  const rate = bytes / 1e6 / median(backup);
  return [
    tool.name,
    `${median(backup).toFixed(1)} s (${count(rate)} MB/s)`,
    `${count(median(stored) / 1e6)} MB`,
    `${median(restore).toFixed(1)} s`,
  ];
}

async function archiveWith(database: Database, command: string): Promise<void> {
  await database.query(`ALTER SYSTEM SET archive_command = '${command.replaceAll("'", "''")}'`);
  await database.query("SELECT pg_reload_conf()");
}

/** Until nothing waits. */
async function drained(database: Database): Promise<void> {
  for (;;) {
    const [row] = await database.query<{ waiting: number }>(
      "SELECT count(*) AS waiting FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'",
    );
    if (row?.waiting === 0) return;
    await sleep(50);
  }
}

const LOAD_SECONDS = 8;

/** Transactions a second of `pgbench`'s own mix. */
async function throughput({ server }: Bench): Promise<number> {
  const args = ["-c", "8", "-j", "1", "-T", String(LOAD_SECONDS), "-n", server.url];
  const { stdout } = await run(join(BIN, "pgbench"), args);
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
}

/** A command that takes segments and forgets them is what archiving costs at least. */
async function archivingCost(
  bench: Bench,
  database: Database,
  command: string,
  rounds: number,
): Promise<Row> {
  const without: number[] = [];
  const withUs: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    for (const [how, into] of [
      ["/bin/true", without],
      [command, withUs],
    ] as const) {
      await archiveWith(database, how);
      await drained(database);
      await database.query("CHECKPOINT");
      into.push(await throughput(bench));
    }
  return [count(median(without)), count(median(withUs)), ratio(median(withUs) / median(without))];
}

const SWITCHES = 20;

/** A segment every 40 seconds with nearly nothing in it is the worst a quiet hour can be. */
async function quietHour(database: Database, repository: string): Promise<number> {
  await drained(database);
  const before = bytesBelow(join(repository, "wal"));
  for (let i = 0; i < SWITCHES; i += 1) {
    await database.query("SELECT pg_logical_emit_message(true, 'bench', 'a small change')");
    await database.query("SELECT pg_switch_wal()");
  }
  await drained(database);
  return ((bytesBelow(join(repository, "wal")) - before) / SWITCHES) * (3_600 / 40);
}

const { values } = parseArgs({
  options: { scale: { type: "string", default: "70" }, rounds: { type: "string", default: "5" } },
});
const scratch = mkdtempSync(join(tmpdir(), "rempart-bench-backup-"));
chmodSync(scratch, 0o711);
for (const name of ["postgres", "pgbackrest"] as const) await requireService(name);
const bench = await startBench(scratch, Number(values.scale));
const database = createDatabase({ url: bench.server.url, poolSize: 2 });
const ours = await builtIn(bench);
try {
  const peer = await pgBackRest(bench);
  await archiveWith(database, `${ours.archiveCommand} && ${peer.archiveCommand}`);
  await drained(database);
  const bytes = bytesBelow(join(bench.server.dataDirectory, "base"));
  const tools = [ours, peer, baseBackup(bench), dump(bench)];
  const figures = await measure(tools, Number(values.rounds));
  const quiet = await quietHour(database, ours.repository);
  const cost = await archivingCost(bench, database, ours.archiveCommand, Number(values.rounds));
  const [own, theirs] = [figures.get(ours), figures.get(peer)] as [Figures, Figures];
  writeReport("backup", "Backup and restore", [
    `${count(bytes / 1e6)} MB of pgbench's tables, PostgreSQL 15, ${values.rounds} interleaved rounds. A restore counts until the first query is answered rightly.`,
    table(
      ["tool", "backup", "stored", "restore"],
      [...figures].map((entry) => toolRow(entry, bytes)),
    ),
    "Built-in beside pgBackRest:",
    table(
      ["what", "ratio", "aim"],
      [
        ["rate of the backup", ratio(median(theirs.backup) / median(own.backup)), "≥ 0.8"],
        ["time of the restore", ratio(median(own.restore) / median(theirs.restore)), "≤ 1.25"],
      ],
    ),
    "What archiving costs eight clients of pgbench, and a quiet hour:",
    table(["transactions/s without", "with", "ratio (aim ≥ 0.95)"], [cost]),
    `A segment every 40 s with one small change: ${(quiet / 2 ** 20).toFixed(2)} MiB an hour (aim ≤ 5). Without changes there are none.`,
  ]);
} finally {
  await ours.close();
  await database.close();
  await bench.server.stop();
  rmSync(scratch, { recursive: true, force: true });
}
