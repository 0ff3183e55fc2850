import { type Clock, hasCode, type Random, systemClock, systemRandom } from "@rempart/kernel";
import { backupIds, readManifest } from "../builtin/catalog.ts";
import { whileLocked } from "../builtin/lock.ts";
import { MANIFESTS, manifestName } from "../layout.ts";
import { isBackupId } from "../manifest.ts";
import type { ObjectInfo } from "../ports.ts";
import type { Vault } from "../sealed/objects.ts";
import { type PlannedBackup, type PrunePlan, planPrune, type RetentionPolicy } from "./plan.ts";

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
export async function pruneBackups(vault: Vault, options: PruneOptions): Promise<PruneReport> {
  const { clock = systemClock, random = systemRandom } = options;
  if (options.dryRun === true) return reportOf(await inspect(vault, options.policy, clock.now()));
  return whileLocked({ repository: vault.repository, clock, random }, async (lost) => {
    const signal = options.signal === undefined ? lost : AbortSignal.any([options.signal, lost]);
    const found = await inspect(vault, options.policy, clock.now());
    await remove(vault, found, signal);
    await archive(vault, found, signal);
    await vault.repository.tidy(clock.now() - ORPHAN_MS);
    return reportOf(found);
  });
}

interface Found {
  readonly plan: PrunePlan;
  /** Objects below each backup's name. */
  readonly objects: ReadonlyMap<string, readonly ObjectInfo[]>;
  readonly orphans: readonly string[];
  readonly segments: readonly ObjectInfo[];
}

async function inspect(vault: Vault, policy: RetentionPolicy, now: number): Promise<Found> {
  const objects = await backupObjects(vault);
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
  return { plan, objects, orphans: orphansAmong(objects, now), segments };
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

async function backupObjects({ repository }: Vault): Promise<Map<string, ObjectInfo[]>> {
  const objects = new Map<string, ObjectInfo[]>();
  for await (const object of repository.list(MANIFESTS)) {
    const id = object.name.split("/")[1] ?? "";
    if (isBackupId(id)) objects.set(id, [...(objects.get(id) ?? []), object]);
  }
  return objects;
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

function orphansAmong(objects: ReadonlyMap<string, readonly ObjectInfo[]>, now: number): string[] {
  return [...objects]
    .filter(([id, parts]) => !parts.some(({ name }) => name === manifestName(id)))
    .filter(([, parts]) => parts.every(({ modifiedAt }) => Math.abs(now - modifiedAt) > ORPHAN_MS))
    .map(([id]) => id);
}

async function remove({ repository }: Vault, found: Found, signal: AbortSignal): Promise<void> {
  const { plan, objects, orphans, segments } = found;
  for (const id of [...plan.remove.map((backup) => backup.id), ...orphans]) {
    signal.throwIfAborted();
    await repository.delete(manifestName(id));
    for (const { name } of objects.get(id) ?? []) await repository.delete(name);
  }
  for (const { name } of segments) {
    signal.throwIfAborted();
    await repository.delete(name);
  }
}

/** An object that is gone meanwhile was not ours to move. */
async function archive({ repository }: Vault, { plan, objects }: Found, signal: AbortSignal): Promise<void> {
  if (repository.archive === undefined) return;
  for (const { id } of plan.archive)
    for (const object of objects.get(id) ?? []) {
      signal.throwIfAborted();
      if (object.archived === true) continue;
      await repository.archive(object.name).catch((error: unknown) => {
        if (!hasCode(error, "object-missing")) throw error;
      });
    }
}

function reportOf({ plan, objects, orphans, segments }: Found): PruneReport {
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
