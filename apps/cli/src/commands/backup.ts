import type { DrillHistory } from "@rempart/database/backup";
import { hasCode, systemClock } from "@rempart/kernel";
import { type OperatorBackups, operatorBackups } from "@rempart/messenger-server/operator";
import { silentLogger } from "@rempart/runtime";
import { Command } from "commander";
import { instant } from "../arguments/time.ts";
import {
  type AnyBackups,
  type EngineOptions,
  engineName,
  engineOption,
  programsOption,
  restoreInto,
  withEngine,
} from "../backup/engines.ts";
import { protectionText } from "../backup/protection.ts";
import { pruneCommand } from "../backup/prune.ts";
import { backupTable, progressLine, statusText, upTo, verifyText } from "../backup/show.ts";
import { drillsText, drillText } from "../backup/show-drill.ts";
import { lsnIn, type TargetOptions, targetOf, transactionIn } from "../backup/target.ts";
import { confirmed } from "../confirm.ts";
import { withConfig } from "../installation.ts";
import { refuse } from "../refuse.ts";
import { type JsonOption, report } from "../report.ts";
import { bytesText } from "../text.ts";

export function backupCommand(): Command {
  return new Command("backup")
    .description("take, look at, verify and restore backups of the database")
    .addCommand(runCommand())
    .addCommand(listCommand())
    .addCommand(statusCommand())
    .addCommand(verifyCommand())
    .addCommand(restoreCommand())
    .addCommand(drillCommand())
    .addCommand(pruneCommand());
}

function withBackups(work: (backups: OperatorBackups) => Promise<void>): Promise<void> {
  return withConfig(async (config) => {
    await using backups = await operatorBackups(config, silentLogger);
    await work(backups);
  });
}

function runCommand(): Command {
  return new Command("run")
    .description("copy the database now, also while the messenger runs")
    .addOption(engineOption())
    .addOption(programsOption())
    .option("--json", "print JSON")
    .action((options: EngineOptions & JsonOption) =>
      withEngine(options, async (backups) => {
        const taken = await backups.run({ onProgress: progressLine(process.stderr) });
        const { id, databaseBytes, storedBytes } = taken;
        report(options, taken, `${id}: ${bytesText(databaseBytes)}, stored in ${bytesText(storedBytes)}`);
      }),
    );
}

function listCommand(): Command {
  return new Command("list")
    .description("whole backups, the oldest first")
    .addOption(engineOption())
    .addOption(programsOption())
    .option("--json", "print JSON")
    .action((options: EngineOptions & JsonOption) =>
      withEngine(options, async ({ engine }) => {
        const backups = await engine.list();
        report(options, backups, backupTable(backups));
      }),
    );
}

function statusCommand(): Command {
  return new Command("status")
    .description(
      "up to when everything can be restored, as the repository shows it; exit code 1 when nothing can",
    )
    .addOption(engineOption())
    .addOption(programsOption())
    .option("--json", "print JSON")
    .action((options: EngineOptions & JsonOption) =>
      withEngine(options, async (backups, config) => {
        const [status, drilled] = [await backups.engine.status(), await knownDrills(backups)];
        const lines = [statusText(status, systemClock.now()), drillsText(drilled), protectionText(config)];
        const text = lines.join("\n");
        report(options, { ...status, drills: drilled }, text);
        if (status.recoverableTo === null || status.missingSegment !== null) process.exitCode = 1;
      }),
    );
}

/** Null without the key that they are sealed with: pgBackRest's own state is told by its passphrase alone. */
async function knownDrills({ drills }: AnyBackups): Promise<DrillHistory | null> {
  return drills().catch((error: unknown) => {
    if (hasCode(error, "key-unavailable")) return null;
    throw error;
  });
}

function verifyCommand(): Command {
  return new Command("verify")
    .description("read back everything that a restore needs, and name what is wrong; exit code 1 then")
    .argument("[backup]", "the newest unless told")
    .addOption(engineOption())
    .addOption(programsOption())
    .option("--json", "print JSON")
    .action((backup: string | undefined, options: EngineOptions & JsonOption) =>
      withEngine(options, async ({ engine }) => {
        const onProgress = progressLine(process.stderr);
        const found = await engine.verify({ onProgress, ...(backup === undefined ? {} : { backup }) });
        report(options, found, verifyText(found));
        if (found.findings.length > 0) process.exitCode = 1;
      }),
    );
}

interface DrillCommandOptions extends EngineOptions, JsonOption {
  readonly place?: string;
}

function drillCommand(): Command {
  return new Command("drill")
    .description(
      "restore the newest beside everything else, check it, and measure recovery time and recovery point; exit code 1 when it is not what it should be",
    )
    .option(
      "--place <directory>",
      "where there is room; beside the embedded database, or among temporary files, unless told",
    )
    .addOption(engineOption())
    .addOption(programsOption())
    .option("--json", "print JSON")
    .action(({ place, ...options }: DrillCommandOptions) =>
      withEngine(options, async (backups) => {
        const onProgress = progressLine(process.stderr);
        const record = await backups.drill({ onProgress, ...(place === undefined ? {} : { place }) });
        report(options, record, drillText(record));
        if (!record.passed) process.exitCode = 1;
      }),
    );
}

interface RestoreCommandOptions extends TargetOptions, EngineOptions, JsonOption {
  readonly to?: string;
  readonly acceptLostErasures?: boolean;
  readonly yes?: boolean;
}

function restoreCommand(): Command {
  return new Command("restore")
    .description("restore the database: in its place, with the messenger stopped, or beside it with --to")
    .argument("[backup]", "latest, unless told: the newest that lies before the target")
    .option(
      "--time <time>",
      "up to this time, as in 2026-11-21T12:30:00Z; everything there is unless told",
      instant,
    )
    .option("--transaction <id>", "up to and including this transaction", transactionIn)
    .option("--name <name>", "up to a restore point made with pg_create_restore_point")
    .option("--lsn <position>", "up to this position of the log", lsnIn)
    .option(
      "--to <directory>",
      "make a data directory here instead, as it was: what an application must do to it is left",
    )
    .option(
      "--accept-lost-erasures",
      "also when the record of who was erased is not whole: they may be back, and the audit log says so",
    )
    .addOption(engineOption())
    .addOption(programsOption())
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .action(restore);
}

async function restore(named: string | undefined, options: RestoreCommandOptions): Promise<void> {
  const backup = named === "latest" ? undefined : named;
  const target = targetOf(options);
  if (target === null) return refuse("Name one target: a time, a transaction, a name or a position.");
  const onProgress = progressLine(process.stderr);
  const asked = { target, onProgress, ...(backup === undefined ? {} : { backup }) };
  const { to } = options;
  if (to !== undefined)
    return withEngine(options, async (backups) => {
      const done = await backups.engine.restore({ ...asked, directory: to });
      report(options, done, `${done.backup} is restored into ${to}, up to ${upTo(done)}`);
    });
  const engine = engineName(options);
  if (engine === null) return;
  if (engine !== "built-in" && target.kind !== "latest")
    return refuse("Say with --to where a data directory is to be made.");
  if (engine !== "built-in") return restoreInto(backup, { ...options, engine });
  return withBackups((backups) => restoreInPlace(backups, asked, options));
}

async function restoreInPlace(
  backups: OperatorBackups,
  asked: Parameters<OperatorBackups["restore"]>[0],
  options: RestoreCommandOptions,
): Promise<void> {
  const question = "Put a restored database in the place of the present one, which is kept aside?";
  if (!(await confirmed(question, "restore", options.yes ?? false))) return;
  const { acceptLostErasures = false } = options;
  const done = await backups.restore({ ...asked, acceptLostErasures });
  const kept = done.keptAt === null ? "" : ` What was there before is in ${done.keptAt}.`;
  report(options, done, `${done.backup} is restored, up to ${upTo(done)}. Start the messenger.${kept}`);
}
