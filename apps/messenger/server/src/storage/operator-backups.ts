import { access } from "node:fs/promises";
import { join } from "node:path";
import {
  createDatabase,
  type EmbeddedPostgres,
  findEmbeddedPostgres,
  startEmbeddedPostgres,
} from "@rempart/database";
import {
  type BackupEngine,
  BackupError,
  type BackupSource,
  builtInEngine,
  createWalArchiver,
  type DrillHistory,
  type DrillRecord,
  type EmbeddedRestoreReport,
  type PruneReport,
  pruneBackups,
  type RestoreHook,
  type RestoreOptions,
  readDrills,
  restoreEmbedded,
} from "@rempart/database/backup";
import { explain, systemClock, systemRandom } from "@rempart/kernel";
import type { Keyring } from "@rempart/keys";
import type { Logger } from "@rempart/runtime";
import type { MessengerConfig } from "../config.ts";
import { drillByCommand } from "../drill/by-command.ts";
import type { AskedDrill } from "../drill/drills.ts";
import { recordLostErasures } from "./erasures.ts";
import { openKeyring } from "./keyring.ts";
import { shipReplacedErasures } from "./replaced-erasures.ts";
import { openRepository } from "./repository.ts";
import { type RestoreHookOptions, restoreHooks } from "./restore-hooks.ts";

/** Backups as an operator works with them, beside a messenger that runs or without one. */
export interface OperatorBackups extends AsyncDisposable {
  /** Looks; for taking a backup there is `run`. */
  readonly engine: BackupEngine;
  run(options: Parameters<BackupEngine["run"]>[0]): ReturnType<BackupEngine["run"]>;
  /** In the place of the messenger's data, which must be at rest, with all that a restored messenger needs. */
  restore(
    options: Omit<RestoreOptions, "directory" | "hooks"> & RestoreHookOptions,
  ): Promise<EmbeddedRestoreReport>;
  /** Restores the newest beside everything else, and proves it. Recorded in the audit log when the messenger's server runs. */
  drill(asked: AskedDrill): Promise<DrillRecord>;
  /** What drills found so far. */
  drills(): Promise<DrillHistory>;
  /** Removes what has outlived its time, or says what would go. */
  prune(options: { readonly dryRun: boolean }): Promise<PruneReport>;
}

/** Rejects with `no-backup` where none are configured, and with `key-unavailable` where the key is missing: none is made here. */
export async function operatorBackups(config: MessengerConfig, log: Logger): Promise<OperatorBackups> {
  const { backup, database, keys } = config;
  if (backup.repository === null || database.kind !== "embedded")
    throw new BackupError("no-backup", "no backups are configured here: see BACKUP_REPOSITORY");
  if (keys.kms === null) await assertPresent(keys.file);
  const keyring = openKeyring(keys, { clock: systemClock, random: systemRandom, log });
  const parts = { repository: openRepository(backup.repository), sealing: keyring, log };
  const home = join(database.directory, "postgres");
  const engine = builtInEngine(parts);
  return {
    engine,
    run: (options) => withServer(home, parts, (source) => builtInEngine({ ...parts, source }).run(options)),
    restore: async ({ acceptLostErasures = false, ...options }) => {
      const hooks = [...restoreHooks(config, keyring, { acceptLostErasures })];
      await shipReplacedErasures(home, parts).catch((error: unknown) => {
        if (!acceptLostErasures) throw error;
        hooks.push(lostErasures(keyring, explain(error)));
      });
      return restoreEmbedded({ ...options, engine, directory: home, hooks });
    },
    drill: (asked) => drillByCommand(config, { ...parts, keyring, engine }, asked),
    drills: () => readDrills(parts),
    prune: ({ dryRun }) => pruneBackups(parts, { policy: backup.retention, dryRun }),
    [Symbol.asyncDispose]: () => keyring.close(),
  };
}

/** The operator has accepted it; the audit log says so. */
function lostErasures(keyring: Keyring, why: string): RestoreHook {
  return { name: "lost erasures", run: ({ database }) => recordLostErasures(database, keyring, [why]) };
}

type Parts = Parameters<typeof createWalArchiver>[0] & { readonly log: Logger };
type Reached = Pick<EmbeddedPostgres, "superuserUrl" | "dataDirectory">;

/** It would be made, and then open nothing. */
export async function assertPresent(keyFile: string): Promise<void> {
  await access(keyFile).catch((cause: unknown) => {
    throw new BackupError("key-unavailable", `the key ${keyFile} is missing: put it there first`, { cause });
  });
}

/** The server that a messenger runs, whose archiver is at work; or one of our own with an archiver of our own. */
async function withServer<T>(
  home: string,
  parts: Parts,
  work: (source: BackupSource) => Promise<T>,
): Promise<T> {
  const running = await findEmbeddedPostgres(home);
  if (running !== null) return onServer(running, work);
  const archiver = createWalArchiver(parts);
  const server = await startEmbeddedPostgres({ directory: home, log: parts.log, settings: archiver.attach });
  try {
    return await onServer(server, work);
  } finally {
    await server.stop();
    await archiver.close();
  }
}

async function onServer<T>(
  { superuserUrl, dataDirectory }: Reached,
  work: (source: BackupSource) => Promise<T>,
): Promise<T> {
  const database = createDatabase({ url: superuserUrl, poolSize: 2, applicationName: "rempart-backup" });
  try {
    return await work({ database, dataDirectory });
  } finally {
    await database.close();
  }
}
