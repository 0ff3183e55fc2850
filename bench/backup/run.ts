/**
 * Backup and restore beside what others use: `npm run bench -- backup [--large] [--scale 7] [--rounds 3]`. The same server of
 * Debian's PostgreSQL 15, on the same disk; rounds are interleaved and medians reported. `--large` is 1.1 GB in up to five rounds,
 * and ends within eight minutes: no further round begins after four.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createDatabase } from "@rempart/database";
import { requireService } from "@rempart/testing";
import { treeCpuSeconds } from "../lib/process.ts";
import { count, median, type Row, ratio, table, writeReport } from "../lib/report.ts";
import { drillTable } from "./drill.ts";
import { archiveWith, archivingTable, drained, quietTable } from "./log.ts";
import { bytesBelow, startBench } from "./server.ts";
import { baseBackup, builtIn, dump, pgBackRest, type Tool } from "./tools.ts";

interface Round {
  /** Milliseconds, and CPU seconds of this process, the server and all that they start. */
  readonly backupMs: number;
  readonly backupCpu: number;
  readonly stored: number;
  readonly laidOutMs: number;
  readonly answerMs: number;
  readonly restoreCpu: number;
}

const LAST_ROUND_MS = 4 * 60_000;

async function measure(tools: readonly Tool[], rounds: number): Promise<Map<Tool, Round[]>> {
  const figures = new Map(tools.map((tool) => [tool, [] as Round[]]));
  const from = performance.now();
  for (let round = 0; round < rounds && performance.now() - from < LAST_ROUND_MS; round += 1)
    for (const [tool, all] of figures) {
      const one = await measureOnce(tool, round);
      all.push(one);
      process.stderr.write(`${tool.name}: ${seconds(one.backupMs)} s, ${seconds(one.answerMs)} s\n`);
    }
  return figures;
}

async function measureOnce(tool: Tool, round: number): Promise<Round> {
  const [startedAt, startedCpu] = [performance.now(), treeCpuSeconds(process.pid)];
  const stored = await tool.backup(round);
  const backupMs = performance.now() - startedAt;
  const backedUpCpu = treeCpuSeconds(process.pid);
  const restored = await tool.restore(round);
  const restoreCpu = treeCpuSeconds(process.pid) - backedUpCpu;
  return { backupMs, backupCpu: backedUpCpu - startedCpu, stored, restoreCpu, ...restored };
}

function middle(rounds: readonly Round[], part: keyof Round): number {
  return median(rounds.map((round) => round[part]));
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}

function toolRow({ name }: Tool, rounds: readonly Round[], bytes: number): Row {
  const of = (part: keyof Round): number => middle(rounds, part);
  return [
    name,
    `${seconds(of("backupMs"))} s (${count(bytes / 1e6 / (of("backupMs") / 1_000))} MB/s)`,
    `${of("backupCpu").toFixed(1)} s`,
    `${count(of("stored") / 1e6)} MB`,
    `${seconds(of("laidOutMs"))} s`,
    `${seconds(of("answerMs"))} s`,
    `${of("restoreCpu").toFixed(1)} s`,
  ];
}

const { values } = parseArgs({
  options: {
    large: { type: "boolean", default: false },
    scale: { type: "string" },
    rounds: { type: "string" },
  },
});
const scale = Number(values.scale ?? (values.large ? 70 : 7));
const rounds = Number(values.rounds ?? (values.large ? 5 : 3));
const load = values.large ? { rounds: 3, seconds: 8 } : { rounds: 3, seconds: 4 };
const scratch = mkdtempSync(join(tmpdir(), "rempart-bench-backup-"));
chmodSync(scratch, 0o711);
for (const name of ["postgres", "pgbackrest", "gpg"] as const) await requireService(name);
const bench = await startBench(scratch, scale);
const database = createDatabase({ url: bench.server.url, poolSize: 2 });
const ours = await builtIn(bench);
try {
  const peer = await pgBackRest(bench);
  await archiveWith(database, `${ours.archiveCommand} && ${peer.archiveCommand}`);
  await drained(database);
  const bytes = bytesBelow(join(bench.server.dataDirectory, "base"));
  const figures = await measure([ours, peer, baseBackup(bench), dump(bench)], rounds);
  const [own = [], theirs = []] = [figures.get(ours), figures.get(peer)];
  const quiet = await quietTable(database, ours, peer);
  const commands = [
    ["the built-in archiver", ours.archiveCommand],
    ["pgBackRest", peer.archiveCommand],
  ] as const;
  const archiving = await archivingTable(bench, database, commands, load);
  await archiveWith(database, ours.archiveCommand);
  await drained(database);
  // What was written meanwhile went to the other repository.
  await ours.backup(rounds);
  const drilled = await drillTable(bench, database, values.large ? 2 : 3);
  writeReport("backup", "Backup and restore", [
    `${count(bytes / 1e6)} MB of pgbench's tables, PostgreSQL 15, ${own.length} interleaved rounds, medians. CPU is of the bench, the server and all that they start.`,
    table(
      ["tool", "backup", "CPU", "stored", "restore", "to the first right answer", "CPU"],
      [...figures].map(([tool, all]) => toolRow(tool, all, bytes)),
    ),
    "Built-in beside pgBackRest; the aims are for 1 GB:",
    table(
      ["what", "ratio", "aim"],
      [
        ["rate of the backup", ratio(middle(theirs, "backupMs") / middle(own, "backupMs")), "≥ 0.8"],
        ["time to the first answer", ratio(middle(own, "answerMs") / middle(theirs, "answerMs")), "≤ 1.25"],
      ],
    ),
    "## The log of a quiet server",
    quiet,
    "## The foreground while the log is archived",
    archiving,
    "## The foreground during a drill",
    drilled,
  ]);
} finally {
  await ours.close();
  await database.close();
  await bench.server.stop();
  rmSync(scratch, { recursive: true, force: true });
}
