import { chmod, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createDatabase, type Database, startEmbeddedPostgres } from "@rempart/database";
import {
  type BackupEngine,
  type BackupObserver,
  builtInEngine,
  createWalArchiver,
  directoryRepository,
  type Repository,
  type Sealing,
} from "@rempart/database/backup";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { scratchPlace, until } from "@rempart/testing";

export interface BackedUpServer extends AsyncDisposable {
  /** Below which everything of the test lies. */
  readonly scratch: string;
  readonly repository: Repository;
  readonly repositoryDirectory: string;
  readonly sealing: Sealing;
  readonly engine: BackupEngine;
  /** Of the superuser. */
  readonly database: Database;
  readonly dataDirectory: string;
  readonly pid: number;
  /** Until everything committed so far stands in the repository. */
  archived(): Promise<void>;
  stop(): Promise<void>;
}

export function keyringIn(file: string) {
  return createKeyring({ local: localKeyFile(file), clock: systemClock, random: systemRandom });
}

interface KitOptions {
  readonly observe?: BackupObserver;
  /** Stands in front of the directory, for faults. */
  readonly wrap?: (repository: Repository) => Repository;
}

/** An embedded server that archives into a directory, and the engine that backs it up. */
export async function backedUpServer({
  observe,
  wrap = (same) => same,
}: KitOptions = {}): Promise<BackedUpServer> {
  const scratch = await mkdtemp(join(await scratchPlace(), "rempart-backup-"));
  await chmod(scratch, 0o711);
  const repositoryDirectory = join(scratch, "repository");
  const repository = wrap(directoryRepository(repositoryDirectory));
  const sealing = keyringIn(join(scratch, "key"));
  const observed = observe === undefined ? {} : { observe };
  // A segment ends when the test ends it, and nothing is written but by the test.
  const archiver = createWalArchiver({ repository, sealing, timeoutSeconds: 3_600, ...observed });
  const server = await startEmbeddedPostgres({
    directory: join(scratch, "postgres"),
    durable: false,
    settings: async (place) => ({ ...(await archiver.attach(place)), autovacuum: "off" }),
  });
  const database = createDatabase({ url: server.superuserUrl });
  const source = { database, dataDirectory: server.dataDirectory };
  const engine = builtInEngine({ repository, sealing, source, archiveWaitMs: 20_000, ...observed });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await database.close();
      await server.stop();
      await archiver.close();
      sealing[Symbol.dispose]();
      await rm(scratch, { recursive: true, force: true });
    })();
    return stopping;
  };
  return {
    scratch,
    repository,
    repositoryDirectory,
    sealing,
    engine,
    database,
    dataDirectory: server.dataDirectory,
    pid: server.pid,
    archived: () => untilArchived(database, repository),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Ends the segment being written, and answers its name. Something is written first: a server that rests switches to nothing, and
 * one whose archiver has failed three times is woken by a new segment, or else waits for a minute.
 */
export async function endSegment(database: Database): Promise<string> {
  await database.query("SELECT pg_logical_emit_message(false, 'test', '')");
  const [row] = await database.query<{ name: string }>("SELECT pg_walfile_name(pg_switch_wal() - 1) AS name");
  return row?.name ?? "";
}

export async function untilArchived(database: Database, repository: Repository): Promise<void> {
  const name = await endSegment(database);
  await until(async () => {
    const names = await Array.fromAsync(repository.list("wal/"), (object) => object.name);
    return names.some((object) => object.endsWith(`/${name}`));
  });
}

export interface Restored extends AsyncDisposable {
  readonly database: Database;
}

/** Serves what was restored into `directory`, until it is disposed of. */
export async function openRestored(home: string): Promise<Restored> {
  const server = await startEmbeddedPostgres({ directory: home, durable: false });
  const database = createDatabase({ url: server.superuserUrl });
  return {
    database,
    async [Symbol.asyncDispose]() {
      await database.close();
      await server.stop();
    },
  };
}
