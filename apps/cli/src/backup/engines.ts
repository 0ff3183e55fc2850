import type { BackupEngine } from "@rempart/database/backup";
import {
  type MessengerConfig,
  type OperatorBackups,
  operatorBackups,
  otherEngine,
  readMessengerConfig,
  sweepDrills,
} from "@rempart/messenger-server/operator";
import { silentLogger } from "@rempart/runtime";
import { Option } from "commander";
import { confirmed } from "../confirm.ts";
import { loadEnvironment } from "../environment.ts";
import { configured } from "../exit.ts";
import { withConfig } from "../installation.ts";
import { refuse } from "../refuse.ts";
import { type JsonOption, report } from "../report.ts";
import { progressLine, upTo } from "./show.ts";

export interface EngineOptions {
  /** The one that takes this installation's backups unless told. */
  readonly engine?: BackupEngine["name"];
  readonly programs?: string;
}

const NAMES: readonly BackupEngine["name"][] = ["built-in", "pgbackrest", "dump"];

export const engineOption = (): Option =>
  new Option(
    "--engine <name>",
    "what takes and restores backups; built-in for the embedded database, BACKUP_ENGINE or dump for another, unless told",
  ).choices(NAMES);

export const programsOption = (): Option =>
  new Option(
    "--programs <directory>",
    "PostgreSQL's programs, for the other engines; BACKUP_PROGRAMS, or those on the PATH, unless told",
  );

/** The one that was named, or the installation's. Null where the configuration is wrong, which is told then. */
export function engineName({ engine }: EngineOptions): BackupEngine["name"] | null {
  return engine ?? configured(() => readMessengerConfig(loadEnvironment()))?.backup.engine ?? null;
}

/** What every engine can do here. */
export interface AnyBackups extends Pick<OperatorBackups, "engine" | "run" | "drill" | "drills"> {
  /** Null: each run does it. */
  readonly prune: OperatorBackups["prune"] | null;
}

/** Whichever engine was named, or is the installation's. */
export function withEngine(
  { engine: named, programs }: EngineOptions,
  work: (backups: AnyBackups, config: MessengerConfig) => Promise<void>,
): Promise<void> {
  return withConfig(async (config) => {
    const found = programs === undefined ? {} : { programs };
    const engine = named ?? config.backup.engine;
    await sweepDrills(config);
    await using backups =
      engine === "built-in"
        ? await operatorBackups(config, silentLogger)
        : await otherEngine(config, silentLogger, { name: engine, ...found });
    await work(backups, config);
  });
}

export interface OtherRestoreOptions extends JsonOption {
  readonly engine: "pgbackrest" | "dump";
  readonly programs?: string;
  readonly acceptLostErasures?: boolean;
  readonly yes?: boolean;
}

/** The newest there is, or the one by this name, into the empty database of `DATABASE_URL`; the built-in engine replaces the embedded one instead. */
export function restoreInto(backup: string | undefined, options: OtherRestoreOptions): Promise<void> {
  return withConfig(async (config) => {
    const { engine: name, programs, acceptLostErasures = false } = options;
    const found = programs === undefined ? {} : { programs };
    await using other = await otherEngine(config, silentLogger, { name, ...found });
    if (other.restoreInto === null) return refuse("pgBackRest makes a data directory: say where, with --to.");
    const question = "Load the backup into the empty database of DATABASE_URL?";
    if (!(await confirmed(question, "restore", options.yes ?? false))) return;
    const onProgress = progressLine(process.stderr);
    const done = await other.restoreInto({
      onProgress,
      acceptLostErasures,
      ...(backup === undefined ? {} : { backup }),
    });
    report(options, done, `${done.backup} is restored, up to ${upTo(done)}. Start the messenger.`);
  });
}
