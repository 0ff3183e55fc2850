import { readdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { createDatabase, type Database, findEmbeddedPostgres } from "@rempart/database";
import {
  type BackupEngine,
  BackupError,
  type DumpEngine,
  dumpEngine,
  isGpgArchive,
  pgBackRestEngine,
  type RestoreHook,
  type RestoreReport,
  type RunOptions,
  restoreGpgArchive,
} from "@rempart/database/backup";
import { systemClock, systemRandom } from "@rempart/kernel";
import { type Logger, Secret } from "@rempart/runtime";
import type { MessengerConfig } from "../config.ts";
import { openKeyring } from "./keyring.ts";
import { assertPresent, type OperatorBackups } from "./operator-backups.ts";
import { openRepository } from "./repository.ts";
import { type RestoreHookOptions, restoreHooks } from "./restore-hooks.ts";

export interface OtherEngine extends Pick<OperatorBackups, "engine" | "run">, AsyncDisposable {
  /** Into the empty database of `DATABASE_URL`, and all that a restored messenger needs. Null: this engine makes directories only. */
  readonly restoreInto: ((options: RestoreIntoOptions) => Promise<RestoreReport>) | null;
}

interface RestoreIntoOptions extends RunOptions, RestoreHookOptions {
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

async function dumps(
  config: MessengerConfig,
  log: Logger,
  clients: string | undefined,
): Promise<OtherEngine> {
  const { keys, database, backup } = config;
  if (backup.repository === null) throw notConfigured();
  if (keys.kms === null) await assertPresent(keys.file);
  const sealing = openKeyring(keys, { clock: systemClock, random: systemRandom, log });
  const programs = clients === undefined ? {} : { clients, postgres: join(clients, "postgres") };
  const parts = { repository: openRepository(backup.repository), sealing, log, programs };
  const engine: DumpEngine = dumpEngine(parts);
  return {
    engine,
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

async function ownServer(database: MessengerConfig["database"]): Promise<Secret> {
  if (database.kind === "url") return database.url;
  if (database.kind === "file") return new Secret((await readFile(database.path, "utf8")).trim());
  throw new BackupError(
    "target-unsupported",
    "a dump is restored into an empty database of your own server: name it in DATABASE_URL, or make a data directory with --to",
  );
}

async function pgBackRest(
  config: MessengerConfig,
  log: Logger,
  clients: string | undefined,
): Promise<OtherEngine> {
  const { directory } = config.backup;
  if (directory === null) throw notConfigured();
  const programs = clients ?? (await debianPrograms());
  const parts = {
    repository: join(directory, "pgbackrest"),
    workDirectory: resolve(config.dataDirectory, "pgbackrest"),
    passphrase: await readPassphrase(config),
    log,
    ...(programs === undefined ? {} : { programs: { postgres: join(programs, "postgres") } }),
  };
  return {
    engine: pgBackRestEngine(parts),
    run: (options) => withSource(config, (source) => pgBackRestEngine({ ...parts, source }).run(options)),
    restoreInto: null,
    [Symbol.asyncDispose]: async () => {},
  };
}

function notConfigured(): BackupError {
  return new BackupError(
    "no-backup",
    "no backups are configured here: set BACKUP_REPOSITORY, for pgBackRest to a directory",
  );
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

/** The first line of the file. */
async function readPassphrase({ backup: { passphraseFile } }: MessengerConfig): Promise<Secret> {
  if (passphraseFile === null)
    throw new BackupError("key-unavailable", "set ENCRYPTION_KEY to the file that holds the passphrase");
  try {
    const [line = ""] = (await readFile(passphraseFile, "utf8")).split("\n");
    return new Secret(line.trim());
  } catch (cause) {
    throw new BackupError("key-unavailable", `the passphrase in ${passphraseFile} cannot be read`, { cause });
  }
}
