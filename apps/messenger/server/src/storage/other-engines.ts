import type {
  BackupEngine,
  BackupObserver,
  PruneReport,
  RestoreReport,
  RunOptions,
} from "@rempart/database/backup";
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
  /** Null: each run removes what has outlived its time. */
  readonly prune: ((options: PruneAsked) => Promise<PruneReport>) | null;
}

export interface PruneAsked {
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface RestoreIntoOptions extends RunOptions, RestoreHookOptions {
  /** The newest unless told. */
  readonly backup?: string;
}

export type OtherEngineName = Exclude<BackupEngine["name"], "built-in">;

export interface OtherEngineOptions {
  readonly name: OtherEngineName;
  /** The directory of PostgreSQL's programs, such as `/usr/lib/postgresql/15/bin`; the configured one unless told. */
  readonly programs?: string;
  /** Told of each backup. */
  readonly observe?: BackupObserver;
}

/** What either is made with. */
export interface EngineParts {
  /** Undefined: where they are found. */
  readonly programs: string | undefined;
  readonly observe: BackupObserver;
}

/** Beside the built-in engine, in the same place. Rejects with `no-backup` where none are configured. */
export async function otherEngine(
  config: MessengerConfig,
  log: Logger,
  { name, ...options }: OtherEngineOptions,
): Promise<OtherEngine> {
  const { programs = config.backup.programs ?? undefined, observe = () => {} } = options;
  const parts: EngineParts = { programs, observe };
  return name === "dump" ? dumps(config, log, parts) : pgBackRest(config, log, parts);
}
