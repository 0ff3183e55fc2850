import type { BackupEngine } from "@rempart/database/backup";
import { type OperatorBackups, operatorBackups, otherEngine } from "@rempart/messenger-server/operator";
import { silentLogger } from "@rempart/runtime";
import { Option } from "commander";
import { confirmed } from "../confirm.ts";
import { withConfig } from "../installation.ts";
import { refuse } from "../refuse.ts";
import { type JsonOption, report } from "../report.ts";
import { progressLine, upTo } from "./show.ts";

export interface EngineOptions {
  readonly engine: BackupEngine["name"];
  readonly programs?: string;
}

const NAMES: readonly BackupEngine["name"][] = ["built-in", "pgbackrest", "dump"];

export const engineOption = (): Option =>
  new Option("--engine <name>", "what takes and restores backups").choices(NAMES).default("built-in");

export const programsOption = (): Option =>
  new Option(
    "--programs <directory>",
    "PostgreSQL's programs, for the other engines; those on the PATH unless told",
  );

/** What every engine can do here. */
export type AnyBackups = Pick<OperatorBackups, "engine" | "run" | "drill" | "drills">;

/** Whichever engine was named. */
export function withEngine(
  { engine, programs }: EngineOptions,
  work: (backups: AnyBackups) => Promise<void>,
): Promise<void> {
  return withConfig(async (config) => {
    const found = programs === undefined ? {} : { programs };
    await using backups =
      engine === "built-in"
        ? await operatorBackups(config, silentLogger)
        : await otherEngine(config, silentLogger, { name: engine, ...found });
    await work(backups);
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
