import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createDatabase, type Database } from "@rempart/database";
import { BackupError, type PgBackRestOptions, pgBackRestEngine, readDrills } from "@rempart/database/backup";
import { systemClock, systemRandom } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { MessengerConfig } from "../config.ts";
import { drillByCommand } from "../drill/by-command.ts";
import type { DrillPorts } from "../drill/drills.ts";
import { readPassphrase } from "./backup-passphrase.ts";
import { type OpenKeyring, openKeyring } from "./keyring.ts";
import { assertPresent } from "./operator-backups.ts";
import type { EngineParts, OtherEngine } from "./other-engines.ts";
import { openRepository } from "./repository.ts";

/** Every moment that is kept lies after one of them, and what depends on it goes with it. */
const FULL_EVERY_MS = 7 * 24 * 3_600_000;

/** Debian's pgBackRest, beside the other backups: its repository has a folder of its own in the same place. */
export async function pgBackRest(
  config: MessengerConfig,
  log: Logger,
  { programs: clients, observe }: EngineParts,
): Promise<OtherEngine> {
  const { repository } = config.backup;
  if (repository === null)
    throw new BackupError("no-backup", "no backups are configured here: set BACKUP_REPOSITORY");
  const programs = clients ?? (await debianPrograms());
  const parts = {
    repository: ownPlaceIn(config.backup, repository),
    workDirectory: resolve(config.dataDirectory, "pgbackrest"),
    passphrase: await readPassphrase(config),
    fullBackups: Math.ceil(config.backup.retention.keepMs / FULL_EVERY_MS) + 1,
    fullEveryMs: FULL_EVERY_MS,
    log,
    observe,
    ...(programs === undefined ? {} : { programs: { postgres: join(programs, "postgres") } }),
  };
  const engine = pgBackRestEngine(parts);
  const withKeyring = async <T>(work: (ports: Omit<DrillPorts, "engine">) => Promise<T>): Promise<T> => {
    const keyring = await presentKeyring(config, log);
    try {
      return await work({ repository: openRepository(repository), keyring });
    } finally {
      await keyring.close();
    }
  };
  return {
    engine,
    run: (options) => withSource(config, (source) => pgBackRestEngine({ ...parts, source }).run(options)),
    drill: (asked) => withKeyring((ports) => drillByCommand(config, { ...ports, engine }, asked)),
    drills: () =>
      withKeyring(({ repository: kept, keyring }) =>
        readDrills({ repository: kept, sealing: keyring }, "pgbackrest"),
      ),
    restoreInto: null,
    prune: null,
    [Symbol.asyncDispose]: async () => {},
  };
}

/** What drills found is sealed with the key of the messenger, which pgBackRest itself needs nothing of. */
async function presentKeyring({ keys }: MessengerConfig, log: Logger): Promise<OpenKeyring> {
  if (keys.kms === null) await assertPresent(keys.file);
  return openKeyring(keys, { clock: systemClock, random: systemRandom, log });
}

type Place = NonNullable<MessengerConfig["backup"]["repository"]>;

function ownPlaceIn(
  { credentials }: MessengerConfig["backup"],
  place: Place,
): PgBackRestOptions["repository"] {
  if (place.kind === "directory") return join(place.path, "pgbackrest");
  const { bucket, region, prefix, endpoint, authorities } = place;
  return {
    bucket,
    region,
    prefix: [...prefix.split("/").filter(Boolean), "pgbackrest"].join("/"),
    credentials,
    ...(endpoint === null ? {} : { endpoint: new URL(endpoint), pathStyle: true }),
    ...(authorities === null ? {} : { authorities }),
  };
}

/** Where Debian puts the programs of a server, by its major version: the newest. They are not on the PATH. */
async function debianPrograms(): Promise<string | undefined> {
  const versions = await readdir(DEBIAN).catch(() => []);
  const newest = versions
    .map(Number)
    .filter(Number.isInteger)
    .toSorted((a, b) => a - b)
    .at(-1);
  return newest === undefined ? undefined : join(DEBIAN, String(newest), "bin");
}

const DEBIAN = "/usr/lib/postgresql";

async function withSource<T>(
  { databaseAdminUrl }: MessengerConfig,
  work: (source: { database: Database; dataDirectory: string }) => Promise<T>,
): Promise<T> {
  if (databaseAdminUrl === null)
    throw new BackupError("server-refused", "pgBackRest works as a superuser: set DATABASE_ADMIN_URL");
  const database = createDatabase({
    url: databaseAdminUrl.reveal(),
    poolSize: 2,
    applicationName: "rempart-backup",
  });
  try {
    const [row] = await database.query<{ path: string }>("SELECT current_setting('data_directory') AS path");
    return await work({ database, dataDirectory: row?.path ?? "" });
  } finally {
    await database.close();
  }
}
