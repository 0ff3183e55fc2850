import type { BackupEngine, RestoreReport, RunOptions } from "@rempart/database/backup";
import type { Logger } from "@rempart/runtime";
import type { MessengerConfig } from "../config.ts";
import { dumps } from "./dumps.ts";
import type { OperatorBackups } from "./operator-backups.ts";
import { pgBackRest } from "./pgbackrest.ts";
import type { RestoreHookOptions } from "./restore-hooks.ts";

export interface OtherEngine
  extends Pick<OperatorBackups, "engine" | "run" | "drill" | "drills">,
    AsyncDisposable {
  /** Into the empty database of `DATABASE_URL`, and all that a restored messenger needs. Null: this engine makes directories only. */
  readonly restoreInto: ((options: RestoreIntoOptions) => Promise<RestoreReport>) | null;
}

export interface RestoreIntoOptions extends RunOptions, RestoreHookOptions {
  /** The newest unless told. */
  readonly backup?: string;
}

export interface OtherEngineOptions {
  readonly name: Exclude<BackupEngine["name"], "built-in">;
  /** The directory of PostgreSQL's programs, such as `/usr/lib/postgresql/15/bin`. For a dump, those on the PATH unless told. */
  readonly programs?: string;
}

/** Beside the built-in engine, in the same place. Rejects with `no-backup` where none are configured. */
export async function otherEngine(
  config: MessengerConfig,
  log: Logger,
  { name, programs }: OtherEngineOptions,
): Promise<OtherEngine> {
  return name === "dump" ? dumps(config, log, programs) : pgBackRest(config, log, programs);
}
