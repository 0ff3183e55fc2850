import { type Database, migrate, migrationStatus } from "@rempart/database";
import { readConnections, readSnapshot } from "@rempart/database/insights";
import {
  type Reindexed,
  reindex,
  reindexTargets,
  type Vacuumed,
  type VacuumTarget,
  vacuum,
  vacuumTargets,
} from "@rempart/database/maintenance";
import { messengerMigrations } from "@rempart/messenger-server/operator";
import { Command } from "commander";
import { wholeNumber } from "../arguments/number.ts";
import { confirmed } from "../confirm.ts";
import { CliError } from "../errors.ts";
import { type JsonOption, report } from "../report.ts";
import { table } from "../table.ts";
import { bytesText, durationText, plain } from "../text.ts";
import { stoppable, withDatabase } from "./access.ts";
import { bloatTable } from "./insight-tables.ts";

interface DryRun extends JsonOption {
  readonly dryRun?: boolean;
}

export function migrateCommand(): Command {
  return new Command("migrate")
    .description("bring the tables up to this version; a server does so itself when it starts")
    .option("--dry-run", "list what would be applied")
    .option("--json", "print JSON")
    .action((options: DryRun) =>
      withDatabase(async ({ database }) => {
        const { pending } = await migrationStatus(database, messengerMigrations);
        if (options.dryRun === true)
          return report(options, { pending }, pending.join("\n") || "nothing to apply");
        const { applied } = await migrate(database, messengerMigrations);
        report(options, { applied }, applied.join("\n") || "nothing to apply");
      }),
    );
}

export function statusCommand(): Command {
  return new Command("status")
    .description("version, size, migrations, connections and age of the database at a glance")
    .option("--json", "print JSON")
    .action((options: JsonOption) =>
      withDatabase(async ({ database }) => {
        const status = await readStatus(database);
        report(options, status, statusTable(status));
      }),
    );
}

type Status = Awaited<ReturnType<typeof readStatus>>;

async function readStatus(database: Database) {
  const [server] = await database.query<{ version: string; name: string; bytes: number; upMs: number }>(
    `SELECT current_setting('server_version') AS version, current_database()::text AS name,
       pg_database_size(current_database()) AS bytes,
       (extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) * 1000)::float8 AS "upMs"`,
  );
  const { tables, databases } = await readSnapshot(database);
  const { used, most, idleInTransaction } = await readConnections(database);
  return {
    server,
    tables: tables.length,
    migrations: await migrationStatus(database, messengerMigrations),
    connections: { used, most, idleInTransaction },
    transactionAge: Math.max(...databases.map(({ transactionAge }) => transactionAge)),
  };
}

function statusTable({ server, tables, migrations, connections, transactionAge }: Status): string {
  const { used, most, idleInTransaction } = connections;
  return table([
    ["PostgreSQL", `${server?.version}, up for ${durationText(server?.upMs ?? 0)}`],
    ["database", `${plain(server?.name ?? "")}, ${bytesText(server?.bytes ?? 0)}, ${tables} tables`],
    ["migrations", `${migrations.applied} applied, ${migrations.pending.length} to apply`],
    ["connections", `${used} of ${most}, ${idleInTransaction} idle in a transaction`],
    ["oldest row", `${transactionAge} transactions`],
  ]);
}

/** More would leave the disk to nobody else. */
const MOST_WORKERS = 8;

interface VacuumOptions extends DryRun {
  readonly workers: number;
}

export function vacuumCommand(): Command {
  return new Command("vacuum")
    .description("clean tables beside their users, those with the most dead rows first")
    .argument("[table...]", "as schema.table; all of them unless told")
    .option("--workers <count>", `tables at a time, up to ${MOST_WORKERS}`, wholeNumber(1, MOST_WORKERS), 2)
    .option("--dry-run", "list them in order")
    .option("--json", "print JSON")
    .action((names: string[], options: VacuumOptions) =>
      withDatabase(async ({ database }) => {
        const targets = named(await vacuumTargets(database), names);
        if (options.dryRun === true) return report(options, targets, targetTable(targets));
        const results = await stoppable((signal) =>
          vacuum(database, targets, { workers: options.workers, signal, onDone: counter(targets.length) }),
        );
        report(options, results, vacuumTable(results));
        if (results.length < targets.length) process.exitCode = 1;
      }),
    );
}

function named(targets: readonly VacuumTarget[], names: readonly string[]): readonly VacuumTarget[] {
  if (names.length === 0) return targets;
  const isCalled = (wanted: string, { schema, name }: VacuumTarget): boolean =>
    wanted === name || wanted === `${schema}.${name}`;
  const unknown = names.find((wanted) => !targets.some((target) => isCalled(wanted, target)));
  if (unknown !== undefined)
    throw new CliError("not-set-up", `There is no table ${JSON.stringify(unknown)} of this role`);
  return targets.filter((target) => names.some((wanted) => isCalled(wanted, target)));
}

function counter(total: number): (done: Vacuumed) => void {
  let done = 0;
  return ({ name }) => {
    done += 1;
    process.stderr.write(`${done} of ${total}: ${plain(name)}\n`);
  };
}

function targetTable(targets: readonly VacuumTarget[]): string {
  return table([
    ["dead rows", "table"],
    ...targets.map(({ schema, name, deadRows }) => [String(deadRows), plain(`${schema}.${name}`)]),
  ]);
}

function vacuumTable(results: readonly Vacuumed[]): string {
  return table([
    ["table", "dead rows", "before", "after", "time", ""],
    ...results.map(({ schema, name, deadRows, bytes, bytesAfter, milliseconds, skipped }) => [
      plain(`${schema}.${name}`),
      String(deadRows),
      bytesText(bytes),
      bytesText(bytesAfter),
      durationText(milliseconds),
      skipped ? "somebody held it" : "",
    ]),
  ]);
}

interface ReindexOptions extends DryRun {
  readonly all?: boolean;
  readonly yes?: boolean;
}

export function reindexCommand(): Command {
  return new Command("reindex")
    .description("build indexes anew beside their users, one after the other, those with the most room first")
    .option("--all", "every B-tree, not only those of which a third is room")
    .option("--dry-run", "list them in order")
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .action((options: ReindexOptions) =>
      withDatabase(async ({ database }) => {
        const targets = await reindexTargets(database, { all: options.all ?? false });
        if (options.dryRun === true || targets.length === 0)
          return report(
            options,
            targets,
            targets.length === 0 ? "nothing to build anew" : bloatTable(targets),
          );
        const question = `Build ${targets.length} indexes anew? Each needs its size in room while it is built.`;
        if (!(await confirmed(question, "yes", options.yes ?? false))) return;
        const onDone = reindexProgress(targets);
        const results = await stoppable((signal) => reindex(database, targets, { signal, onDone }));
        report(options, results, reindexTable(results));
        if (results.length < targets.length) process.exitCode = 1;
      }),
    );
}

/** By bytes: indexes differ too much in size to be counted. */
function reindexProgress(targets: readonly { readonly bytes: number }[]): (done: Reindexed) => void {
  const total = targets.reduce((sum, { bytes }) => sum + bytes, 0);
  const began = performance.now();
  let finished = 0;
  return ({ name, bytes }) => {
    finished += bytes;
    const rate = finished / Math.max(1, performance.now() - began);
    const left = durationText((total - finished) / Math.max(rate, 1e-9));
    process.stderr.write(
      `${plain(name)}: ${bytesText(finished)} of ${bytesText(total)}, ${bytesText(rate * 1000)}/s, ${left} left\n`,
    );
  };
}

function reindexTable(results: readonly Reindexed[]): string {
  return table([
    ["index", "before", "after", "time"],
    ...results.map(({ schema, name, bytes, bytesAfter, milliseconds }) => [
      plain(`${schema}.${name}`),
      bytesText(bytes),
      bytesText(bytesAfter),
      durationText(milliseconds),
    ]),
  ]);
}
