import { chown, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { type Account, runningAsRoot } from "../../embedded/account.ts";
import { usablePrograms } from "../../embedded/programs.ts";
import { assertReachable, newestBefore } from "../builtin/choose.ts";
import { finishIn, type RecoveryPrograms } from "../builtin/finish.ts";
import { recover, recoverTo } from "../builtin/recovery.ts";
import { assertVersion } from "../builtin/restore.ts";
import { assertEmpty, asWhole } from "../builtin/target-place.ts";
import { BackupError } from "../errors.ts";
import type { RestoreOptions, RestoreReport } from "../ports.ts";
import { progressOf } from "../progress.ts";
import { type PgBackRestBackup, type PgBackRestInfo, parseTablespaces } from "./info.ts";
import { type LogReader, recoverableTo } from "./recovery-point.ts";
import { type ArchivedLog, readInfo, readLog } from "./repository.ts";
import { archiveSource } from "./wal-source.ts";

export interface PgBackRestRestorePorts {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly log: Logger;
  readonly programs: RecoveryPrograms;
}

/** As the built-in engine: pgBackRest lays the files out, then a server that nobody can reach replays the log. */
export async function restoreWithPgBackRest(
  ports: PgBackRestRestorePorts,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { reader } = ports;
  const { ask, account } = reader;
  await assertEmpty(options.directory);
  const info = await readInfo(ask);
  const backup = newestBefore(candidates(info, options.backup), options.target);
  const program = ports.programs.postgres ?? (await usablePrograms(account)).postgres;
  await assertVersion(program, info);
  const archived = await readLog(ask, info, backup);
  assertReachable(backup, archived.chain, options.target, await recoverableTo(reader, backup, archived));
  const spaces = await tablespaceArguments(ports, options, backup);
  const place = { target: options.directory, bytes: backup.databaseBytes, account };
  return asWhole(place, (directory) =>
    rebuild(ports, options, { backup, archived, program, directory, spaces }),
  );
}

function candidates({ backups }: PgBackRestInfo, label: string | undefined): readonly PgBackRestBackup[] {
  if (label === undefined) return backups;
  const named = backups.filter((backup) => backup.label === label);
  if (named.length > 0) return named;
  throw new BackupError("no-backup", `there is no whole backup ${JSON.stringify(label.slice(0, 40))}`);
}

/** Never where they were on the server, which may still run there. */
async function tablespaceArguments(
  { reader }: PgBackRestRestorePorts,
  { tablespaceDirectory }: RestoreOptions,
  { label }: PgBackRestBackup,
): Promise<readonly string[]> {
  const tablespaces = parseTablespaces(
    (await reader.ask(["info", `--set=${label}`, "--output=json"])).toString(),
  );
  if (tablespaces.length === 0) return [];
  if (tablespaceDirectory === undefined)
    throw new BackupError(
      "tablespace-unmapped",
      `the backup has ${tablespaces.length} tablespaces: say in which directory they go`,
    );
  const places = tablespaces.map((oid) => join(tablespaceDirectory, oid));
  for (const place of places) await ownDirectory(place, reader.account);
  return tablespaces.map((oid, index) => `--tablespace-map=${oid}=${places[index]}`);
}

interface Rebuild {
  readonly backup: PgBackRestBackup;
  readonly archived: ArchivedLog;
  readonly program: string;
  readonly directory: string;
  readonly spaces: readonly string[];
}

async function rebuild(
  ports: PgBackRestRestorePorts,
  options: RestoreOptions,
  plan: Rebuild,
): Promise<RestoreReport> {
  const { reader, clock } = ports;
  const { backup, directory } = plan;
  const startedAt = clock.monotonic();
  const onBytes = progressOf("copy", backup.databaseBytes, clock, options.onProgress);
  if (runningAsRoot()) await chown(directory, reader.account.uid, reader.account.gid);
  const words = [
    "restore",
    `--pg1-path=${directory}`,
    `--set=${backup.label}`,
    "--type=none",
    ...plan.spaces,
  ];
  await reader.ask(words, options.signal);
  onBytes(backup.databaseBytes);
  const copiedAt = clock.monotonic();
  const server = await recoverTo(options.target, (target) => attempt(ports, options, plan, target));
  const known = {
    backup: backup.label,
    target: options.target,
    bytes: backup.databaseBytes,
    copyMs: copiedAt - startedAt,
    recoverMs: clock.monotonic() - copiedAt,
  };
  return finishIn(directory, server, ports.programs, known, options.hooks);
}

function attempt(
  { reader, log, clock }: PgBackRestRestorePorts,
  { onProgress }: RestoreOptions,
  { archived, program, directory }: Rebuild,
  target: RestoreOptions["target"],
) {
  const { chain, listing, segmentBytes } = archived;
  const progress = progressOf("recover", chain.segments.length * segmentBytes, clock, onProgress);
  const wal = archiveSource(reader.ask, directory, listing.files, (done) => progress(done * segmentBytes));
  return recover({ program, directory, account: reader.account, target, timeline: chain.timeline, wal, log });
}

/** Made where it is missing, with those above it, for this account. */
export async function ownDirectory(path: string, { uid, gid }: Account): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined || !runningAsRoot()) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await chown(made, uid, gid);
}
