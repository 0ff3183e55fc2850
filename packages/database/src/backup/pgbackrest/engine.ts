import { chown, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Clock, systemClock } from "@rempart/kernel";
import { type Logger, type Secret, silentLogger } from "@rempart/runtime";
import { type Account, accountFor, runningAsRoot } from "../../embedded/account.ts";
import { commandWord } from "../archive/command-word.ts";
import type { BackupSource } from "../builtin/base-backup.ts";
import type { RecoveryPrograms } from "../builtin/finish.ts";
import { EVERY_TARGET } from "../builtin/recovery.ts";
import { BackupError } from "../errors.ts";
import { observed } from "../observed.ts";
import type { BackupEngine, BackupObserver, BackupStatus, BackupSummary, RunOptions } from "../ports.ts";
import { callProgram } from "../program.ts";
import { progressOf } from "../progress.ts";
import { configurationText, type PgBackRestBucket, STANZA } from "./configuration.ts";
import { pgBackRestFailure } from "./failure.ts";
import type { PgBackRestBackup, PgBackRestInfo } from "./info.ts";
import { type LogReader, recoverableTo, waldumpBeside } from "./recovery-point.ts";
import { type Ask, readInfo, readLog } from "./repository.ts";
import { ownDirectory, restoreWithPgBackRest } from "./restore.ts";
import { serverFacts } from "./server.ts";
import { verifyPgBackRest } from "./verify.ts";

export interface PgBackRestOptions {
  /** A directory, made for the account that owns the data; or a bucket. */
  readonly repository: string | PgBackRestBucket;
  /** Where configuration and locks go; made for the same account. */
  readonly workDirectory: string;
  /** At least 16 printable characters without a space. Whoever loses it loses the backups. */
  readonly passphrase: Secret;
  /** Left out on a machine that only looks and restores. Reached by its Unix socket, which must let the role in. */
  readonly source?: BackupSource;
  readonly programs?: RecoveryPrograms & {
    /** `pgbackrest` unless told. */
    readonly pgbackrest?: string;
  };
  /** Milliseconds after which a full backup is due instead of an incremental one; a week unless told. */
  readonly fullEveryMs?: number;
  /** Full backups that stay, with what depends on them; 4 unless told. */
  readonly fullBackups?: number;
  /** That copy at the same time; 2 unless told. */
  readonly processes?: number;
  /** Milliseconds that the log of a backup may take to reach the repository; 5 minutes unless told. */
  readonly archiveWaitMs?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly observe?: BackupObserver;
}

export interface PgBackRestEngine extends BackupEngine {
  /** Writes the configuration, and gives the settings by which the server archives to this repository. */
  attach(): Promise<Readonly<Record<string, string>>>;
}

const DEFAULTS = { fullEveryMs: 7 * 86_400_000, fullBackups: 4, processes: 2, archiveWaitMs: 5 * 60_000 };

/** Debian's pgBackRest under the same port. Everything runs as the owner of the data directory, never as root. */
export function pgBackRestEngine(options: PgBackRestOptions): PgBackRestEngine {
  const { source, programs = {}, observe = () => {}, clock = systemClock, log = silentLogger } = options;
  const all = { ...DEFAULTS, ...options };
  const program = programs.pgbackrest ?? "pgbackrest";
  let ready: Promise<Prepared> | undefined;

  function prepared(): Promise<Prepared> {
    ready ??= prepare(all);
    ready.catch(() => {
      ready = undefined;
    });
    return ready;
  }

  async function call(
    words: readonly string[],
    run: RunOptions,
    onLine?: (line: string) => void,
  ): Promise<Buffer> {
    const { account, configuration } = await prepared();
    const args = [`--config=${configuration}`, `--stanza=${STANZA}`, ...words];
    const lines = onLine === undefined ? {} : { onLine };
    const end = await callProgram({ program, args, account, signal: run.signal, ...lines });
    if (end.exitCode !== 0) throw pgBackRestFailure(end, words[0] ?? "");
    return end.output;
  }

  const ask: Ask = (words, signal) => call(words, signal === undefined ? {} : { signal });
  const reader = async (): Promise<LogReader> => {
    const { account } = await prepared();
    return { ask, account, waldump: waldumpBeside(programs.postgres) };
  };

  async function archiveCommand(): Promise<string> {
    const { configuration } = await prepared();
    const words = [program, `--config=${configuration}`, `--stanza=${STANZA}`, "archive-push"];
    return [...words, "%p"].map(commandWord).join(" ");
  }

  async function take(run: RunOptions): Promise<BackupSummary> {
    if (source === undefined) throw new BackupError("server-refused", "no server was named to back up");
    run.signal?.throwIfAborted();
    const server = await serverFacts(source, await archiveCommand());
    const before = await readInfo(ask);
    if (!before.exists) await call(["stanza-create", ...server.words], run);
    const type = isFullDue(before, clock.now(), all.fullEveryMs) ? "full" : "incr";
    const progress = progressOf("copy", server.bytes, clock, run.onProgress);
    const words = ["backup", `--type=${type}`, `--archive-timeout=${Math.ceil(all.archiveWaitMs / 1_000)}`];
    const onLine = (line: string): void => {
      const share = DONE.exec(line)?.[1];
      if (share !== undefined) progress(Math.round((server.bytes * Number(share)) / 100));
    };
    await call([...words, ...server.words, "--log-level-console=detail"], run, onLine);
    const info = await readInfo(ask);
    const taken = info.backups.at(-1);
    if (taken === undefined)
      throw new BackupError("object-missing", "pgBackRest does not list the backup it took");
    return summaryOf(taken, info);
  }

  return {
    name: "pgbackrest",
    targets: EVERY_TARGET,
    run: (run = {}) => observed(clock, observe, () => take(run)),
    async list() {
      const info = await readInfo(ask);
      return info.backups.map((backup) => summaryOf(backup, info));
    },
    verify: async (verify = {}) => verifyPgBackRest(await reader(), clock, verify),
    restore: async (restore) =>
      restoreWithPgBackRest({ reader: await reader(), clock, log, programs }, restore),
    status: async () => statusOf(await reader()),
    attach: async () => ({ archive_mode: "on", archive_command: await archiveCommand() }),
  };
}

/** "backup file … (16KB, 12.34%)", as pgBackRest says at the level of details. */
const DONE = /\([\d.]+[KMGT]?B, (\d{1,3}(?:\.\d+)?)%\)/;

interface Prepared {
  readonly account: Account;
  /** The file. */
  readonly configuration: string;
}

async function prepare(options: PgBackRestOptions & typeof DEFAULTS): Promise<Prepared> {
  const dataDirectory = options.source?.dataDirectory ?? null;
  const account = await accountFor(dataDirectory === null ? undefined : await stat(dataDirectory));
  const workDirectory = resolve(options.workDirectory);
  const given = options.repository;
  const repository = typeof given === "string" ? resolve(given) : given;
  const { passphrase, processes, fullBackups } = options;
  const text = configurationText({
    repository,
    workDirectory,
    dataDirectory,
    passphrase,
    processes,
    fullBackups,
  });
  const own = [workDirectory, join(workDirectory, "lock")];
  for (const directory of typeof repository === "string" ? [repository, ...own] : own)
    await ownDirectory(directory, account);
  // The server archives by the one that names its data: who only looks must not write over it.
  const configuration = join(workDirectory, dataDirectory === null ? "look.conf" : "pgbackrest.conf");
  await replaceSecretFile(configuration, text, account);
  return { account, configuration };
}

/** Read by that account alone, from the first byte on; whoever reads it meanwhile has the old one or the new one. */
async function replaceSecretFile(path: string, text: string, { uid, gid }: Account): Promise<void> {
  const next = `${path}.${process.pid}`;
  await rm(next, { force: true });
  await writeFile(next, text, { mode: 0o600, flag: "wx" });
  if (runningAsRoot()) await chown(next, uid, gid);
  await rename(next, path);
}

function isFullDue({ backups }: PgBackRestInfo, now: number, everyMs: number): boolean {
  const full = backups.findLast(({ label }) => label.endsWith("F"));
  return full === undefined || now - full.startedAt >= everyMs;
}

function summaryOf(backup: PgBackRestBackup, { serverVersion }: PgBackRestInfo): BackupSummary {
  const { label: id, startedAt, stoppedAt, databaseBytes, storedBytes, damaged } = backup;
  const known = { id, startedAt, stoppedAt, databaseBytes, storedBytes, serverVersion, damaged };
  return { ...known, engine: "pgbackrest" };
}

async function statusOf(reader: LogReader): Promise<BackupStatus> {
  const info = await readInfo(reader.ask);
  const newest = info.backups.at(-1);
  const stored = info.backups.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  const known = { backups: info.backups.length, repositoryBytes: stored };
  if (newest === undefined) return { ...known, newest: null, recoverableTo: null, missingSegment: null };
  const log = await readLog(reader.ask, info, newest);
  return {
    backups: known.backups,
    repositoryBytes: stored + log.listing.bytes,
    newest: summaryOf(newest, info),
    recoverableTo: await recoverableTo(reader, newest, log),
    missingSegment: log.chain.missing,
  };
}
