/** Which backups and which of the log may go. Pure: what is there goes in, names come out. */
import type { BackupManifest } from "../manifest.ts";
import { parseLsn } from "../wal/lsn.ts";
import { parseSegment, segmentNumberOf, walFileKind } from "../wal/names.ts";

export interface RetentionPolicy {
  /** Milliseconds back from now: every moment of them can be restored to. */
  readonly keepMs: number;
  /** Milliseconds back from now: of each week one backup is kept, which can be restored to the moment it was taken. 0: none. */
  readonly archiveMs: number;
}

export type PlannedBackup = Pick<
  BackupManifest,
  "id" | "systemIdentifier" | "stoppedAt" | "timeline" | "startLsn" | "stopLsn" | "segmentBytes" | "pages"
>;

export interface Stored {
  /** Of whole backups. */
  readonly backups: readonly PlannedBackup[];
  /** Names of the files of the log, by cluster. */
  readonly wal: ReadonlyMap<string, readonly string[]>;
}

interface Sorted<Backup> {
  /** In the order in which they were taken. */
  readonly keep: readonly Backup[];
  /** Those that are kept for their own moment alone. */
  readonly archive: readonly Backup[];
  readonly remove: readonly Backup[];
}

export interface PrunePlan extends Sorted<PlannedBackup> {
  /** By cluster. */
  readonly removeWal: ReadonlyMap<string, readonly string[]>;
}

const WEEK_MS = 7 * 24 * 3_600_000;

/**
 * The newest two backups stay whatever their age: a clock that is wrong must not empty a repository. So does the newest without
 * damaged pages: what a failing disk adds every day must not push out the last copy of what it had. Of the log stays all that
 * recovery from a kept backup may read, on its own timeline and on those that left it.
 */
export function planPrune({ backups, wal }: Stored, policy: RetentionPolicy, now: number): PrunePlan {
  const ordered = backups.toSorted(byTime);
  const clusters = clustersOf(ordered);
  const since = now - policy.keepMs;
  const keep = new Set([
    ...ordered.slice(-MIN_KEPT),
    ...ordered.filter(isUndamaged).slice(-1),
    ...clusters.flatMap((own, at) => kept(own, since, clusters[at + 1]?.[0])),
  ]);
  const plan = sorted(ordered, keep, now - policy.archiveMs);
  const needs = [...plan.keep.map(needOfAll), ...plan.archive.map(needOfItself)];
  return {
    ...plan,
    removeWal: new Map([...wal].map(([cluster, names]) => [cluster, unneeded(cluster, names, needs)])),
  };
}

/** As `planPrune`, for backups with no log between them: each is a moment of its own, and one is kept from before the time that counts. */
export function planMoments<Backup extends Moment>(
  backups: readonly Backup[],
  policy: RetentionPolicy,
  now: number,
): Sorted<Backup> {
  const ordered = backups.toSorted(byTime);
  const keep = new Set([...ordered.slice(-MIN_KEPT), ...kept(ordered, now - policy.keepMs, undefined)]);
  return sorted(ordered, keep, now - policy.archiveMs);
}

type Moment = Pick<PlannedBackup, "id" | "stoppedAt">;

/** Of what is not kept, of each week since then the newest goes to the archive. */
function sorted<Backup extends Moment>(
  ordered: readonly Backup[],
  keep: ReadonlySet<Backup>,
  since: number,
): Sorted<Backup> {
  const older = ordered.filter((backup) => !keep.has(backup));
  const archive = new Set(newestOfWeeks(older.filter(({ stoppedAt }) => stoppedAt >= since)));
  return {
    keep: ordered.filter((backup) => keep.has(backup)),
    archive: older.filter((backup) => archive.has(backup)),
    remove: older.filter((backup) => !archive.has(backup)),
  };
}

const MIN_KEPT = 2;

function isUndamaged({ pages }: PlannedBackup): boolean {
  return (pages?.damaged ?? 0) === 0;
}

function byTime(a: Moment, b: Moment): number {
  return a.stoppedAt - b.stoppedAt || (a.id < b.id ? -1 : 1);
}

/** One after the other: a server that was made anew has another identity. */
function clustersOf(backups: readonly PlannedBackup[]): PlannedBackup[][] {
  return [...Map.groupBy(backups, ({ systemIdentifier }) => systemIdentifier).values()];
}

/** Of one cluster: those of the time that counts, and the one from which its beginning is reached. */
function kept<Backup extends Moment>(
  backups: readonly Backup[],
  since: number,
  next: Backup | undefined,
): Backup[] {
  // Its log ended when the next one's began.
  if (next !== undefined && next.stoppedAt <= since) return [];
  const recent = backups.filter(({ stoppedAt }) => stoppedAt > since);
  const base = backups.findLast(({ stoppedAt }) => stoppedAt <= since);
  return base === undefined ? recent : [base, ...recent];
}

function newestOfWeeks<Backup extends Moment>(backups: readonly Backup[]): Backup[] {
  const byWeek = new Map(backups.map((backup) => [Math.floor(backup.stoppedAt / WEEK_MS), backup]));
  return [...byWeek.values()];
}

/** Whether recovery from a backup may read this segment. */
interface Need {
  readonly cluster: string;
  readonly segmentBytes: number;
  covers(timeline: number, number: bigint): boolean;
}

/** Recovery begins in the first segment, and reads its own timeline and younger ones. */
function needOfAll({ systemIdentifier, timeline, segmentBytes, startLsn }: PlannedBackup): Need {
  const first = segmentNumberOf(parseLsn(startLsn) ?? 0n, segmentBytes);
  return {
    cluster: systemIdentifier,
    segmentBytes,
    covers: (on, number) => on >= timeline && number >= first,
  };
}

/**
 * Up to its own end it reads its own timeline: a server that is backed up does not change it. One segment more says that the log
 * goes on beyond the moment it was taken, which can then be named as the time to restore to.
 */
function needOfItself(backup: PlannedBackup): Need {
  const { covers, ...rest } = needOfAll(backup);
  const last = segmentNumberOf((parseLsn(backup.stopLsn) ?? 1n) - 1n, backup.segmentBytes);
  return {
    ...rest,
    covers: (on, number) => on === backup.timeline && covers(on, number) && number <= last + 1n,
  };
}

/** Histories stay: they are small, and say how timelines hang together. */
function unneeded(cluster: string, names: readonly string[], needs: readonly Need[]): string[] {
  const own = needs.filter((need) => need.cluster === cluster);
  return names.filter((name) => {
    const kind = walFileKind(name);
    if (kind === null || kind === "history") return false;
    return !own.some(({ segmentBytes, covers }) => {
      const segment = parseSegment(name.slice(0, 24), segmentBytes);
      return segment === null || covers(segment.timeline, segment.number);
    });
  });
}
