/** Each tool takes a backup, and brings one back until the first query is answered rightly. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createDatabase, type Database } from "@rempart/database";
import { builtInEngine, createWalArchiver, directoryRepository, logKeeper } from "@rempart/database/backup";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { type Bench, BIN, bytesBelow, countRows, firstQuery, folderFor, shell } from "./server.ts";

export interface Tool {
  readonly name: string;
  /** Resolves with the bytes that are stored. */
  backup(round: number): Promise<number>;
  /** Of that round, to the first right answer. */
  restore(round: number): Promise<Restored>;
}

export interface Restored {
  /** Milliseconds until the files, or the rows, are where a server finds them. */
  readonly laidOutMs: number;
  /** Milliseconds from the beginning to the first right answer. */
  readonly answerMs: number;
}

/** What was restored is removed at once: rounds of a gigabyte would fill the disk. */
async function timed(bench: Bench, directory: string, lay: () => Promise<void>): Promise<Restored> {
  const from = performance.now();
  await lay();
  const laidOutMs = performance.now() - from;
  const answerMs = (await firstQuery(bench, directory)) - from;
  rmSync(directory, { recursive: true, force: true });
  return { laidOutMs, answerMs };
}

export interface BuiltIn extends Tool {
  /** For the server's settings. */
  readonly archiveCommand: string;
  readonly repository: string;
  /** Keeps the recovery point young; looks twice a second, where it looks every five seconds by itself. */
  keeper(): ReturnType<typeof logKeeper>;
  close(): Promise<void>;
}

/** Our own engine, archiver included. */
export async function builtIn(bench: Bench): Promise<BuiltIn> {
  const { server, scratch, account, rows } = bench;
  const root = join(scratch, "built-in");
  const repository = directoryRepository(root);
  const sealing = createKeyring({
    local: localKeyFile(join(scratch, "key")),
    clock: systemClock,
    random: systemRandom,
  });
  const archiver = createWalArchiver({ repository, sealing });
  const { dataDirectory } = server;
  const place = { dataDirectory, runDirectory: dirname(dataDirectory), account };
  const { archive_command: archiveCommand = "" } = await archiver.attach(place);
  const database = createDatabase({ url: server.url, poolSize: 2 });
  const engine = builtInEngine({
    repository,
    sealing,
    source: { database, dataDirectory },
    programs: { postgres: join(BIN, "postgres") },
  });
  return {
    name: "built-in, AES-256-GCM, zstd 3",
    archiveCommand,
    repository: root,
    keeper: () => logKeeper({ database, repository, sealing, everyMs: 500, switchAfterMs: 1_000 }),
    backup: async () => (await engine.run()).storedBytes,
    async restore(round) {
      const from = performance.now();
      let answerMs = 0;
      const check = {
        name: "first query",
        async run({ database: restored }: { database: Database }) {
          const found = await countRows(restored);
          if (found !== rows) throw new Error(`${found} of ${rows} rows were restored`);
          answerMs = performance.now() - from;
        },
      };
      const directory = join(scratch, `built-in-${round}`);
      const { copyMs } = await engine.restore({ target: { kind: "latest" }, directory, hooks: [check] });
      rmSync(directory, { recursive: true, force: true });
      return { laidOutMs: copyMs, answerMs };
    },
    async close() {
      await database.close();
      await archiver.close();
      sealing[Symbol.dispose]();
    },
  };
}

export interface PgBackRest extends Tool {
  readonly archiveCommand: string;
  readonly repository: string;
}

/** Encrypted, with both cores. */
export async function pgBackRest(bench: Bench): Promise<PgBackRest> {
  const { server, port } = bench;
  const home = folderFor(bench, "pgbackrest");
  const file = join(home, "pgbackrest.conf");
  const settings = {
    "repo1-path": join(home, "repository"),
    "repo1-cipher-type": "aes-256-cbc",
    "repo1-cipher-pass": "of-the-bench",
    "compress-type": "zst",
    "compress-level": "3",
    "process-max": "2",
    "start-fast": "y",
    "log-level-file": "off",
    "log-level-console": "error",
    "lock-path": join(home, "lock"),
    "spool-path": join(home, "spool"),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const stanza = [
    `pg1-path=${server.dataDirectory}`,
    `pg1-port=${port}`,
    `pg1-socket-path=${dirname(server.dataDirectory)}`,
  ];
  writeFileSync(file, ["[global]", ...lines, "", "[bench]", ...stanza, ""].join("\n"), { mode: 0o644 });
  const call = `pgbackrest --config=${file} --stanza=bench`;
  await shell(bench, `${call} stanza-create`);
  return {
    name: "pgBackRest, AES-256-CBC, zstd 3, two processes",
    archiveCommand: `${call} archive-push %p`,
    repository: join(home, "repository"),
    async backup() {
      await shell(bench, `${call} --type=full backup`);
      return bytesBelow(newestBelow(join(home, "repository", "backup", "bench")));
    },
    async restore(round) {
      const directory = folderFor(bench, `pgbackrest-${round}`);
      const words = `--pg1-path=${directory} --type=immediate --target-action=promote restore`;
      return timed(bench, directory, () => shell(bench, `${call} ${words}`));
    },
  };
}

/** Each full backup stands in a folder that is named by its time. */
function newestBelow(folder: string): string {
  const newest = readdirSync(folder)
    .filter((name) => /^\d{8}-\d{6}F$/.test(name))
    .toSorted()
    .at(-1);
  return join(folder, newest ?? "");
}

export function baseBackup(bench: Bench): Tool {
  const at = (round: number): string => join(bench.scratch, `base-${round}`);
  return {
    name: "pg_basebackup -Ft -z, not encrypted",
    async backup(round) {
      folderFor(bench, `base-${round}`);
      await shell(bench, `pg_basebackup -d ${bench.server.url} -D ${at(round)} -Ft -z -X stream -c fast`);
      return bytesBelow(at(round));
    },
    async restore(round) {
      const directory = folderFor(bench, `base-restored-${round}`);
      const unpack = `cd ${directory} && tar xzf ${at(round)}/base.tar.gz && tar xzf ${at(round)}/pg_wal.tar.gz -C pg_wal && sync -f .`;
      return timed(bench, directory, () => shell(bench, unpack));
    },
  };
}

export function dump(bench: Bench): Tool {
  const at = (round: number): string => join(bench.scratch, `dump-${round}`);
  const gpg = "gpg --batch --quiet --no-tty --pinentry-mode loopback --passphrase of-the-bench";
  const home = folderFor(bench, "gnupg");
  return {
    name: "pg_dump -Fc through gpg; pg_restore -j2",
    async backup(round) {
      folderFor(bench, `dump-${round}`);
      await shell(
        bench,
        `export GNUPGHOME=${home}; pg_dump -Fc -d ${bench.server.url} | ${gpg} --symmetric --cipher-algo AES256 --compress-algo none -o ${at(round)}/dump.gpg`,
      );
      return bytesBelow(at(round));
    },
    async restore(round) {
      const directory = folderFor(bench, `dump-restored-${round}`);
      const socket = dirname(bench.server.dataDirectory);
      const start = `pg_ctl -w -s -D ${directory} -l /dev/null -o "-c listen_addresses='' -k ${socket} -p 54329"`;
      const load = `export GNUPGHOME=${home}; initdb -D ${directory} -U postgres -A trust -E UTF8 > /dev/null && ${start} start &&
         ${gpg} --decrypt -o ${at(round)}/dump ${at(round)}/dump.gpg &&
         pg_restore -j2 -h ${socket} -p 54329 -U postgres -d postgres ${at(round)}/dump && ${start} -m fast stop`;
      return timed(bench, directory, () => shell(bench, load));
    },
  };
}
