import {
  countPurge,
  type Purge,
  type PurgeProgress,
  type PurgeResult,
  runPurge,
} from "@rempart/database/maintenance";
import { systemClock } from "@rempart/kernel";
import { type Installation, messengerPurges } from "@rempart/messenger-server/operator";
import { Command, Option } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { confirmed } from "../confirm.ts";
import { withInstallation } from "../installation.ts";
import { operatorName } from "../operator.ts";
import { tellRecorded } from "../recorded.ts";
import { type JsonOption, report } from "../report.ts";
import { table } from "../table.ts";
import { durationText } from "../text.ts";
import { stoppable } from "./access.ts";

interface CleanupOptions extends JsonOption {
  readonly only?: string[];
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly pause: number;
}

export function cleanupCommand(): Command {
  const names = messengerPurges.map(({ name }) => name);
  return new Command("cleanup")
    .description("remove what has had its time, in batches; stops at a signal, and goes on when run again")
    .addOption(new Option("--only <name...>", "only these").choices(names))
    .option("--dry-run", "count, and remove nothing")
    .option("--pause <milliseconds>", "between batches", wholeNumber(1), 100)
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .action((options: CleanupOptions) =>
      withInstallation(async (installation) => {
        const purges = messengerPurges.filter(({ name }) => options.only?.includes(name) ?? true);
        const due = await countAll(installation, purges);
        if (options.dryRun === true) return report(options, due, dueTable(due));
        const rows = due.reduce((sum, { count }) => sum + count, 0);
        if (rows > 0) process.stderr.write(`${dueTable(due)}\n`);
        if (rows > 0 && !(await confirmed(`Remove ${rows} rows for good?`, "yes", options.yes ?? false)))
          return;
        const results = await stoppable((signal) => purgeAll(installation, purges, signal, options));
        const recorded = await tellRecorded(installation);
        report(options, results, resultTable(results));
        if (!recorded || results.some(({ complete }) => !complete)) process.exitCode = 1;
      }),
    );
}

interface Due {
  readonly name: string;
  readonly count: number;
  readonly reason: string;
}

async function countAll({ database }: Installation, purges: readonly Purge[]): Promise<Due[]> {
  const now = systemClock.now();
  const due: Due[] = [];
  for (const purge of purges)
    due.push({ name: purge.name, count: await countPurge(database, purge, now), reason: purge.reason });
  return due;
}

async function purgeAll(
  installation: Installation,
  purges: readonly Purge[],
  signal: AbortSignal,
  { pause }: CleanupOptions,
): Promise<PurgeResult[]> {
  const results: PurgeResult[] = [];
  const now = systemClock.now();
  for (const purge of purges) {
    const settings = { now, signal, pauseMs: pause, onProgress: tell };
    const result = await runPurge(installation.database, purge, settings);
    results.push(result);
    if (result.removed > 0) await record(installation, purge, result);
  }
  return results;
}

function tell({ name, removed, total, rate, leftMs }: PurgeProgress): void {
  const left = leftMs === null ? "" : `, ${durationText(leftMs)} left`;
  process.stderr.write(`${name}: ${removed} of ${total}, ${Math.round(rate)} rows/s${left}\n`);
}

/** Who removed how much: what was in the rows is gone, and belongs nowhere else. */
async function record(
  { audit, database }: Installation,
  { name, table: from }: Purge,
  { removed, complete }: PurgeResult,
): Promise<void> {
  const metadata = { table: from, removed, complete, operator: operatorName() };
  await database.transaction((tx) =>
    audit.record(tx, { type: "data.erased", actor: {}, resource: { type: "purge", id: name, metadata } }),
  );
}

function dueTable(due: readonly Due[]): string {
  return table([
    ["rows", "what", "why"],
    ...due.map(({ count, name, reason }) => [String(count), name, reason]),
  ]);
}

function resultTable(results: readonly PurgeResult[]): string {
  return table([
    ["removed", "what", ""],
    ...results.map(({ removed, name, complete }) => [String(removed), name, complete ? "" : "not finished"]),
  ]);
}
