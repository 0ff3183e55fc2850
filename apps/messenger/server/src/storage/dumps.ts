import { basename, join } from "node:path";
import { type Database, findEmbeddedPostgres } from "@rempart/database";
import {
  BackupError,
  type DumpEngine,
  dumpEngine,
  isGpgArchive,
  type RestoreHook,
  readDrills,
  restoreGpgArchive,
} from "@rempart/database/backup";
import { systemClock, systemRandom } from "@rempart/kernel";
import { type Logger, Secret } from "@rempart/runtime";
import type { MessengerConfig } from "../config.ts";
import { drillByCommand } from "../drill/by-command.ts";
import { readPassphrase } from "./backup-passphrase.ts";
import { openKeyring } from "./keyring.ts";
import { assertPresent } from "./operator-backups.ts";
import type { EngineParts, OtherEngine } from "./other-engines.ts";
import { ownServer } from "./own-server.ts";
import { openRepository } from "./repository.ts";
import { restoreHooks } from "./restore-hooks.ts";

/** `pg_dump`, in the place of the other backups. */
export async function dumps(
  config: MessengerConfig,
  log: Logger,
  { programs: clients, observe }: EngineParts,
): Promise<OtherEngine> {
  const { keys, database, backup } = config;
  if (backup.repository === null)
    throw new BackupError("no-backup", "no backups are configured here: set BACKUP_REPOSITORY");
  if (keys.kms === null) await assertPresent(keys.file);
  const sealing = openKeyring(keys, { clock: systemClock, random: systemRandom, log });
  const programs = clients === undefined ? {} : { clients, postgres: join(clients, "postgres") };
  const repository = openRepository(backup.repository);
  const parts = { repository, sealing, log, programs, observe };
  const engine: DumpEngine = dumpEngine(parts);
  return {
    engine,
    drill: (asked) => drillByCommand(config, { repository, keyring: sealing, engine }, asked),
    drills: () => readDrills({ repository, sealing }, "dump"),
    run: async (options) => dumpEngine({ ...parts, source: await addressToDump(database) }).run(options),
    async restoreInto({ acceptLostErasures = false, ...options }) {
      const hooks = restoreHooks(config, sealing, { acceptLostErasures }).map(onMessenger);
      const url = (await ownServer(database)).reveal();
      const { backup: named, signal } = options;
      if (named === undefined || !isGpgArchive(named)) return engine.restoreInto({ ...options, url, hooks });
      const file = named === basename(named) ? join(backup.directory ?? "", named) : named;
      const passphrase = await readPassphrase(config);
      const found = {
        ...(clients === undefined ? {} : { clients }),
        ...(signal === undefined ? {} : { signal }),
      };
      return restoreGpgArchive({ ...found, file, passphrase, url, hooks });
    },
    prune: (asked) => engine.prune({ ...asked, policy: backup.retention }),
    [Symbol.asyncDispose]: () => sealing.close(),
  };
}

/** An archive of another application is loaded as it is. */
function onMessenger(hook: RestoreHook): RestoreHook {
  return {
    name: hook.name,
    async run(context) {
      if (await holdsMessenger(context.database)) await hook.run(context);
    },
  };
}

async function holdsMessenger(database: Database): Promise<boolean> {
  const [row] = await database.query<{ found: boolean }>(
    "SELECT to_regclass('server_state') IS NOT NULL AS found",
  );
  return row?.found === true;
}

async function addressToDump(database: MessengerConfig["database"]): Promise<Secret> {
  if (database.kind !== "embedded") return ownServer(database);
  const running = await findEmbeddedPostgres(join(database.directory, "postgres"));
  if (running !== null) return new Secret(running.url);
  throw new BackupError("server-refused", "the embedded database does not run: start the messenger first");
}
