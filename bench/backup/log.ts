/** What the log costs: in the repository while little happens, and the foreground while much does. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Database } from "@rempart/database";
import { count, median, type Row, ratio, table } from "../lib/report.ts";
import { type Bench, BIN, bytesBelow } from "./server.ts";
import type { BuiltIn, PgBackRest } from "./tools.ts";

const run = promisify(execFile);
const MEBIBYTE = 2 ** 20;

export async function archiveWith(database: Database, command: string): Promise<void> {
  await database.query(`ALTER SYSTEM SET archive_command = '${command.replaceAll("'", "''")}'`);
  await database.query("SELECT pg_reload_conf()");
}

/** Until nothing waits. */
export async function drained(database: Database): Promise<void> {
  for (;;) {
    const [row] = await database.query<{ waiting: number }>(
      "SELECT count(*) AS waiting FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'",
    );
    if (row?.waiting === 0) return;
    await sleep(50);
  }
}

const SWITCHES = 10;
/** The log keeper switches this often when there is something to hand over. */
const SWITCH_EVERY_SECONDS = 30;

interface Keeper {
  readonly name: string;
  readonly archiveCommand: string;
  /** Where its log goes. */
  readonly log: string;
}

/** Bytes an hour of one small commit a second. */
async function quietHour(database: Database, { archiveCommand, log }: Keeper): Promise<number> {
  await archiveWith(database, archiveCommand);
  await database.query("SELECT pg_switch_wal()");
  await drained(database);
  const before = bytesBelow(log);
  for (let i = 0; i < SWITCHES; i += 1) {
    for (let commit = 0; commit < SWITCH_EVERY_SECONDS; commit += 1)
      await database.query("SELECT pg_logical_emit_message(true, 'bench', 'a small change')");
    await database.query("SELECT pg_switch_wal()");
  }
  await drained(database);
  return ((bytesBelow(log) - before) / SWITCHES) * (3_600 / SWITCH_EVERY_SECONDS);
}

const REST_MS = 20_000;

/** Bytes an hour while nothing is written, with the log keeper at work. */
async function restingHour(database: Database, ours: BuiltIn): Promise<number> {
  await archiveWith(database, ours.archiveCommand);
  await database.query("CHECKPOINT");
  await database.query("SELECT pg_switch_wal()");
  const keeper = ours.keeper();
  await keeper.start?.(AbortSignal.timeout(REST_MS));
  await sleep(2_000);
  await drained(database);
  const before = bytesBelow(ours.repository);
  await sleep(REST_MS);
  const after = bytesBelow(ours.repository);
  await keeper.stop?.();
  return ((after - before) * 3_600_000) / REST_MS;
}

export async function quietTable(database: Database, ours: BuiltIn, peer: PgBackRest): Promise<string> {
  const keepers: readonly Keeper[] = [
    { name: "built-in", archiveCommand: ours.archiveCommand, log: join(ours.repository, "wal") },
    { name: "pgBackRest", archiveCommand: peer.archiveCommand, log: join(peer.repository, "archive") },
  ];
  const resting = await restingHour(database, ours);
  const rows: Row[] = [["built-in", "nothing is written", mebibytes(resting)]];
  for (const keeper of keepers)
    rows.push([keeper.name, "one commit a second", mebibytes(await quietHour(database, keeper))]);
  return [
    table(["archived by", "while", "MiB an hour (aim ≤ 5)"], rows),
    `Nothing is written: ${REST_MS / 1_000} s with the log keeper, which looks twice a second here, times ${3_600_000 / REST_MS}. One commit a second: ${SWITCHES} segments of ${SWITCH_EVERY_SECONDS} commits, filled and switched one after the other without waiting, times ${3_600 / SWITCH_EVERY_SECONDS / SWITCHES}.`,
  ].join("\n\n");
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(2);
}

/** Transactions a second of `pgbench`'s own mix. */
async function throughput({ server }: Bench, seconds: number): Promise<number> {
  const args = ["-c", "8", "-j", "1", "-T", String(seconds), "-n", server.url];
  const { stdout } = await run(join(BIN, "pgbench"), args);
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
}

export interface Load {
  readonly rounds: number;
  readonly seconds: number;
}

/** A command that takes segments and forgets them is what archiving costs at least. */
export async function archivingTable(
  bench: Bench,
  database: Database,
  commands: readonly (readonly [string, string])[],
  { rounds, seconds }: Load,
): Promise<string> {
  const ways = [["/bin/true", "/bin/true"], ...commands] as const;
  const rates = new Map(ways.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, command] of ways) {
      await archiveWith(database, command);
      await drained(database);
      await database.query("CHECKPOINT");
      rates.get(name)?.push(await throughput(bench, seconds));
    }
  const bare = median(rates.get("/bin/true") ?? []);
  const rows = [...rates].map(([name, all]): Row => [name, count(median(all)), ratio(median(all) / bare)]);
  return [
    table(["archive_command", "transactions/s", "ratio (aim ≥ 0.95)"], rows),
    `Eight clients of pgbench, ${rounds} rounds of ${seconds} s each, alternating, after a checkpoint each.`,
  ].join("\n\n");
}
