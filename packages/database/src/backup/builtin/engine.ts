import { type Clock, type Random, systemClock, systemRandom } from "@rempart/kernel";
import { type Logger, silentLogger } from "@rempart/runtime";
import { BackupError } from "../errors.ts";
import type { BackupManifest } from "../manifest.ts";
import { observed } from "../observed.ts";
import type {
  BackupEngine,
  BackupObserver,
  BackupStatus,
  BackupSummary,
  Repository,
  RunOptions,
  Sealing,
} from "../ports.ts";
import type { Vault } from "../sealed/objects.ts";
import { chainOf, readWalIndex } from "../wal/index-of.ts";
import { type BackupSource, takeBaseBackup } from "./base-backup.ts";
import { summaryOf } from "./catalog.ts";
import type { RecoveryPrograms } from "./finish.ts";
import { KnownBackups } from "./known-backups.ts";
import { whileLocked } from "./lock.ts";
import { recoverableTo } from "./recoverable.ts";
import { EVERY_TARGET } from "./recovery.ts";
import { restoreBackup } from "./restore.ts";
import { verifyBackup } from "./verify.ts";

export interface BuiltInEngineOptions {
  readonly repository: Repository;
  readonly sealing: Sealing;
  /** Left out on a machine that only looks and restores. */
  readonly source?: BackupSource;
  readonly programs?: RecoveryPrograms;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
  readonly observe?: BackupObserver;
  /** Milliseconds that the log of a backup may take to reach the repository; 5 minutes unless told. */
  readonly archiveWaitMs?: number;
}

const ARCHIVE_WAIT_MS = 5 * 60_000;
/** Pages that an error names. */
const LISTED = 20;

/** Needs no program of PostgreSQL for a backup, and the server alone for a restore. */
export function builtInEngine(options: BuiltInEngineOptions): BackupEngine {
  const { repository, sealing, source, programs = {}, observe = () => {} } = options;
  const { clock = systemClock, random = systemRandom, log = silentLogger } = options;
  const { archiveWaitMs = ARCHIVE_WAIT_MS } = options;
  const vault: Vault = { repository, sealing };
  const known = new KnownBackups(vault);

  async function take(runOptions: RunOptions): Promise<BackupSummary> {
    if (source === undefined) throw new BackupError("server-refused", "no server was named to back up");
    const ports = { vault, source, clock, random, log, archiveWaitMs };
    return whileLocked({ repository, clock, random }, async (lost) => {
      const signal = runOptions.signal === undefined ? lost : AbortSignal.any([runOptions.signal, lost]);
      const manifest = await takeBaseBackup(ports, { ...runOptions, signal });
      assertUndamaged(manifest);
      return summaryOf(manifest);
    });
  }

  return {
    name: "built-in",
    targets: EVERY_TARGET,
    run: (runOptions = {}) => observed(clock, observe, () => take(runOptions)),
    list: async () => (await known.read()).map(({ summary }) => summary),
    verify: (verifyOptions = {}) => verifyBackup(vault, clock, verifyOptions),
    restore: (restoreOptions) => restoreBackup({ vault, clock, log, programs }, restoreOptions),
    status: () => statusOf(vault, known),
  };
}

/** It is kept: whoever has no other has that. */
function assertUndamaged({ id, pages }: BackupManifest): void {
  const { damaged = 0, named = [] } = pages ?? {};
  if (damaged === 0) return;
  throw new BackupError(
    "pages-damaged",
    `backup ${id} is kept, and copies damage: ${damaged} pages of the server do not have their checksums, the first is ${named[0]}`,
    { details: { backup: id, damaged, pages: named.slice(0, LISTED) } },
  );
}

async function statusOf(vault: Vault, backups: KnownBackups): Promise<BackupStatus> {
  const all = await backups.read();
  const newest = all.at(-1);
  let repositoryBytes = 0;
  for await (const { size } of vault.repository.list("")) repositoryBytes += size;
  const counts = { backups: all.length, repositoryBytes };
  if (newest === undefined) return { ...counts, newest: null, recoverableTo: null, missingSegment: null };
  const chain = chainOf(newest, await readWalIndex(vault, newest.systemIdentifier));
  return {
    ...counts,
    newest: newest.summary,
    recoverableTo: await recoverableTo(vault, newest, chain),
    missingSegment: chain.missing,
  };
}
