import { type Clock, type Random, systemClock, systemRandom } from "@rempart/kernel";
import { type Logger, type Secret, silentLogger } from "@rempart/runtime";
import type { RecoveryPrograms } from "../builtin/finish.ts";
import { whileLocked } from "../builtin/lock.ts";
import { BackupError } from "../errors.ts";
import { observed } from "../observed.ts";
import type {
  BackupEngine,
  BackupObserver,
  BackupStatus,
  BackupSummary,
  Repository,
  RestoreReport,
  RunOptions,
  Sealing,
} from "../ports.ts";
import type { PruneOptions, PruneReport } from "../retention/prune.ts";
import type { Vault } from "../sealed/objects.ts";
import { thoseThatOpen } from "../sealed/that-open.ts";
import { clientPrograms } from "./client-programs.ts";
import { DUMPS, dumpIds, dumpSummary, readDumpManifest } from "./manifest.ts";
import { pruneDumps } from "./prune.ts";
import { type RestoreIntoOptions, restoreDump, restoreInto } from "./restore.ts";
import { takeDump } from "./take.ts";
import { verifyDump } from "./verify.ts";

export interface DumpEngineOptions {
  readonly repository: Repository;
  readonly sealing: Sealing;
  /** Of the database that is dumped, as a role that may read all of it. Left out on a machine that only looks and restores. */
  readonly source?: Secret;
  readonly programs?: RecoveryPrograms & {
    /** The directory of `pg_dump`, `pg_dumpall`, `pg_restore` and `psql`; the PATH unless told. */
    readonly clients?: string;
  };
  /** Where a dump lies in the clear while it is sealed or loaded; the system's for temporary files unless told. */
  readonly workDirectory?: string;
  /** Tables at the same time; 2 unless told. */
  readonly jobs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
  readonly observe?: BackupObserver;
}

export interface DumpEngine extends BackupEngine {
  /** Into an empty database of a server that runs. */
  restoreInto(options: RestoreIntoOptions): Promise<RestoreReport>;
  /** Removes dumps that the policy does not keep: as `pruneBackups`, where there is no log between them. */
  prune(options: Omit<PruneOptions, "clock" | "random">): Promise<PruneReport>;
}

/**
 * `pg_dump`, for portability: to another machine, another major version, another kind of processor. One database, at one moment:
 * there are no points in time between two dumps, and what is restored is as old as the dump.
 */
export function dumpEngine(options: DumpEngineOptions): DumpEngine {
  const { repository, sealing, source, workDirectory, jobs = 2, observe = () => {} } = options;
  const { clock = systemClock, random = systemRandom, log = silentLogger } = options;
  const { clients, ...server } = options.programs ?? {};
  const vault: Vault = { repository, sealing };
  const programs = clientPrograms(clients);
  const ports = { vault, clock, random, log, programs, server, workDirectory, jobs };

  /** A dump never changes: each manifest is opened once. */
  const known = new Map<string, BackupSummary>();

  async function list(): Promise<BackupSummary[]> {
    const ids = await dumpIds(vault);
    for (const id of known.keys()) if (!ids.includes(id)) known.delete(id);
    const all = await thoseThatOpen(
      ids,
      async (id) => known.get(id) ?? dumpSummary(await readDumpManifest(vault, id)),
    );
    for (const summary of all) known.set(summary.id, summary);
    return all.toSorted((a, b) => a.startedAt - b.startedAt);
  }

  async function take(run: RunOptions) {
    if (source === undefined) throw new BackupError("server-refused", "no database was named to dump");
    const url = source.reveal();
    return whileLocked({ repository, clock, random }, async (lost) => {
      const signal = run.signal === undefined ? lost : AbortSignal.any([run.signal, lost]);
      return dumpSummary(await takeDump({ ...ports, url }, { ...run, signal }));
    });
  }

  return {
    name: "dump",
    targets: ["latest"],
    run: (run = {}) => observed(clock, observe, () => take(run)),
    list,
    verify: (verify = {}) => verifyDump(ports, verify),
    restore: (restore) => restoreDump(ports, restore),
    restoreInto: (restore) => restoreInto(ports, restore),
    status: async () => statusOf(vault, await list()),
    prune: (prune) => pruneDumps(vault, { ...prune, clock, random }),
  };
}

/** As old as the newest dump. */
async function statusOf(vault: Vault, dumps: readonly BackupSummary[]): Promise<BackupStatus> {
  const newest = dumps.at(-1) ?? null;
  let repositoryBytes = 0;
  for await (const { size } of vault.repository.list(DUMPS)) repositoryBytes += size;
  const recoverableTo = newest?.startedAt ?? null;
  return { backups: dumps.length, newest, recoverableTo, missingSegment: null, repositoryBytes };
}
