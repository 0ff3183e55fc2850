import { type Clock, hasCode, type Random, systemClock, systemRandom } from "@rempart/kernel";
import { backupIds, readManifest } from "../builtin/catalog.ts";
import { whileLocked } from "../builtin/lock.ts";
import { MANIFESTS } from "../layout.ts";
import { isBackupId } from "../manifest.ts";
import type { ObjectInfo, Repository } from "../ports.ts";
import type { Vault } from "../sealed/objects.ts";
import { type PlannedBackup, planPrune, type RetentionPolicy } from "./plan.ts";

export interface PruneOptions {
  readonly policy: RetentionPolicy;
  /** Only say what would be done. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface PruneReport {
  /** Ids. */
  readonly kept: readonly string[];
  /** Kept for their own moment alone, in the store's class for what is seldom read, where it has one. */
  readonly archived: readonly string[];
  readonly removed: readonly string[];
  /** Of backups that were never finished. */
  readonly orphans: readonly string[];
  readonly segments: number;
  /** Bytes that were freed, or would be. */
  readonly bytes: number;
}

/** A backup without its manifest is under way, or was killed: none takes longer without a sign of life. */
const ORPHAN_MS = 24 * 3_600_000;
const WAL = "wal/";

/**
 * Removes what the policy does not keep, and never what a kept backup needs. While a backup runs it is `busy`. A backup that is
 * removed loses its manifest first: whatever ends this in the middle leaves no backup that looks whole and is not. Throws what a
 * manifest that cannot be read throws, and removes nothing then.
 */
export function pruneBackups(vault: Vault, options: PruneOptions): Promise<PruneReport> {
  return pruneFound(vault, options, (now) => inspect(vault, options.policy, now));
}

/** Removes what `look` does not want to keep, of backups of whichever kind. */
export async function pruneFound(
  { repository }: Vault,
  options: PruneOptions,
  look: (now: number) => Promise<Found>,
): Promise<PruneReport> {
  const { clock = systemClock, random = systemRandom } = options;
  if (options.dryRun === true) return reportOf(await look(clock.now()));
  return whileLocked({ repository, clock, random }, async (lost) => {
    const signal = options.signal === undefined ? lost : AbortSignal.any([options.signal, lost]);
    const found = await look(clock.now());
    await remove(repository, found, signal);
    await archive(repository, found, signal);
    await repository.tidy(clock.now() - ORPHAN_MS);
    return reportOf(found);
  });
}

type Kept = "keep" | "archive" | "remove";

export interface Found {
  readonly plan: Readonly<Record<Kept, readonly { readonly id: string }[]>>;
  readonly stored: StoredBackups;
  /** Of the log. */
  readonly segments: readonly ObjectInfo[];
}

async function inspect(vault: Vault, policy: RetentionPolicy, now: number): Promise<Found> {
  const stored = await storedBackups(vault, MANIFESTS, now);
  const backups: PlannedBackup[] = [];
  for (const id of await backupIds(vault)) backups.push(facts(await readManifest(vault, id)));
  const wal = await walObjects(vault);
  const names = new Map([...wal].map(([cluster, files]) => [cluster, [...files.keys()]]));
  const plan = planPrune({ backups, wal: names }, policy, now);
  // Where there is no backup, the log waits for one that is under way.
  const clusters = backups.length === 0 ? [] : [...plan.removeWal];
  const segments = clusters.flatMap(([cluster, files]) =>
    files.flatMap((file) => wal.get(cluster)?.get(file) ?? []),
  );
  return { plan, stored, segments };
}

/** Not the list of files, which may be long. */
function facts(manifest: PlannedBackup): PlannedBackup {
  const {
    id,
    systemIdentifier,
    stoppedAt,
    timeline,
    startLsn,
    stopLsn,
    segmentBytes,
    pages = null,
  } = manifest;
  return { id, systemIdentifier, stoppedAt, timeline, startLsn, stopLsn, segmentBytes, pages };
}

export interface StoredBackups {
  /** Objects below each backup's name. */
  readonly objects: ReadonlyMap<string, readonly ObjectInfo[]>;
  /** Written last, and removed first. */
  readonly manifestOf: (id: string) => string;
  readonly orphans: readonly string[];
}

/** What stands below `folder`, each backup in a folder of its own. */
export async function storedBackups(
  { repository }: Vault,
  folder: string,
  now: number,
): Promise<StoredBackups> {
  const objects = new Map<string, ObjectInfo[]>();
  for await (const object of repository.list(folder)) {
    const id = object.name.split("/")[1] ?? "";
    if (isBackupId(id)) objects.set(id, [...(objects.get(id) ?? []), object]);
  }
  const manifestOf = (id: string): string => `${folder}${id}/manifest`;
  const orphans = [...objects]
    .filter(([id, parts]) => !parts.some(({ name }) => name === manifestOf(id)))
    .filter(([, parts]) => parts.every(({ modifiedAt }) => Math.abs(now - modifiedAt) > ORPHAN_MS))
    .map(([id]) => id);
  return { objects, manifestOf, orphans };
}

async function walObjects({ repository }: Vault): Promise<Map<string, Map<string, ObjectInfo>>> {
  const clusters = new Map<string, Map<string, ObjectInfo>>();
  for await (const object of repository.list(WAL)) {
    const [, cluster = "", file = ""] = object.name.split("/");
    const files = clusters.get(cluster) ?? new Map<string, ObjectInfo>();
    clusters.set(cluster, files.set(file, object));
  }
  return clusters;
}

async function remove(repository: Repository, found: Found, signal: AbortSignal): Promise<void> {
  const { plan, stored, segments } = found;
  for (const id of [...plan.remove.map((backup) => backup.id), ...stored.orphans]) {
    signal.throwIfAborted();
    await repository.delete(stored.manifestOf(id));
    for (const { name } of stored.objects.get(id) ?? []) await repository.delete(name);
  }
  for (const { name } of segments) {
    signal.throwIfAborted();
    await repository.delete(name);
  }
}

/** An object that is gone meanwhile was not ours to move. */
async function archive(repository: Repository, { plan, stored }: Found, signal: AbortSignal): Promise<void> {
  if (repository.archive === undefined) return;
  for (const { id } of plan.archive)
    for (const object of stored.objects.get(id) ?? []) {
      signal.throwIfAborted();
      if (object.archived === true) continue;
      await repository.archive(object.name).catch((error: unknown) => {
        if (!hasCode(error, "object-missing")) throw error;
      });
    }
}

function reportOf({ plan, stored: { objects, orphans }, segments }: Found): PruneReport {
  const removed = plan.remove.map(({ id }) => id);
  const gone = [...[...removed, ...orphans].flatMap((id) => objects.get(id) ?? []), ...segments];
  return {
    kept: plan.keep.map(({ id }) => id),
    archived: plan.archive.map(({ id }) => id),
    removed,
    orphans,
    segments: segments.length,
    bytes: gone.reduce((sum, { size }) => sum + size, 0),
  };
}
