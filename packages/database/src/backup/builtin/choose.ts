import { BackupError } from "../errors.ts";
import type { BackupManifest } from "../manifest.ts";
import type { RecoveryTarget } from "../ports.ts";
import type { Vault } from "../sealed/objects.ts";
import { thoseThatOpen } from "../sealed/that-open.ts";
import type { Chain } from "../wal/chain.ts";
import { type Lsn, parseLsn } from "../wal/lsn.ts";
import { type ManifestObject, manifestObjects, readManifest } from "./catalog.ts";
import { reachesBackup } from "./recoverable.ts";

/** What tells backups apart, and places them in the log. */
type Placed = Pick<BackupManifest, "id" | "systemIdentifier" | "timeline" | "stopLsn">;

/** The manifests of whole backups, as `wholeBackups` orders them. */
export function readManifests(vault: Vault): Promise<BackupManifest[]> {
  return wholeBackups(vault, ({ id }) => readManifest(vault, id));
}

/**
 * Whole backups of the newest one's cluster, the oldest first, ordered by the log, which no clock can turn. What is damaged is left
 * out, as by `thoseThatOpen`.
 */
export async function wholeBackups<T extends Placed>(
  vault: Vault,
  read: (found: ManifestObject) => Promise<T>,
): Promise<T[]> {
  const all = await thoseThatOpen(await manifestObjects(vault), read);
  const newest = all.at(-1);
  return all
    .filter(({ systemIdentifier }) => systemIdentifier === newest?.systemIdentifier)
    .toSorted((a, b) => a.timeline - b.timeline || compare(lsn(a.stopLsn), lsn(b.stopLsn)));
}

/** The newest backup from which the target can be reached, or the one by this name. Throws `no-backup`. */
export async function chooseBackup(
  vault: Vault,
  target: RecoveryTarget,
  id: string | undefined,
): Promise<BackupManifest> {
  const named = id === undefined ? undefined : await readManifest(vault, id);
  const candidates = named === undefined ? await readManifests(vault) : [named];
  return newestBefore(candidates, target);
}

type Extent = Pick<BackupManifest, "stoppedAt" | "stopLsn">;

/** Of these, the oldest first, the last from which the target can be reached. Throws `no-backup`. */
export function newestBefore<T extends Extent>(candidates: readonly T[], target: RecoveryTarget): T {
  const chosen = candidates.findLast((backup) => liesBefore(backup, target));
  if (chosen !== undefined) return chosen;
  const none = candidates.length === 0;
  throw new BackupError(
    "no-backup",
    none ? "there is no whole backup" : "every backup ended after the target",
  );
}

/** Of a name and a transaction nobody knows where they are: the newest is tried, or the one that was named. */
function liesBefore({ stoppedAt, stopLsn }: Extent, target: RecoveryTarget): boolean {
  if (target.kind === "time") return stoppedAt <= target.at;
  return target.kind !== "lsn" || lsn(stopLsn) <= lsn(target.lsn);
}

/**
 * Refuses, before anything is written, what the log in the repository cannot reach. Throws `wal-gap` or `target-unreachable`;
 * `recoverable` is that of this chain.
 */
export function assertReachable(
  manifest: Pick<BackupManifest, "stopLsn">,
  chain: Chain,
  target: RecoveryTarget,
  recoverable: number | null,
): void {
  if (recoverable === null || !reachesBackup(manifest, chain)) throw gap(chain, null);
  const beyond =
    (target.kind === "latest" && chain.missing !== null) ||
    (target.kind === "time" && target.at > recoverable) ||
    (target.kind === "lsn" && lsn(target.lsn) > chain.end);
  if (!beyond) return;
  if (chain.missing !== null) throw gap(chain, recoverable);
  throw new BackupError(
    "target-unreachable",
    `the target lies after everything in the repository, which ends at ${timeText(recoverable)}`,
    { details: { lastRestorableAt: recoverable } },
  );
}

function gap({ missing, segments }: Chain, lastRestorableAt: number | null): BackupError {
  const after = segments.at(-1);
  const where =
    missing ?? (after === undefined ? "the first segment of the backup" : `what follows ${after}`);
  const until =
    lastRestorableAt === null
      ? "this backup cannot be restored"
      : `the last restorable time is ${timeText(lastRestorableAt)}`;
  return new BackupError("wal-gap", `${where} is missing from the repository: ${until}`, {
    details: { segment: missing, after: after ?? null, lastRestorableAt },
  });
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}

function lsn(text: string): Lsn {
  const position = parseLsn(text);
  if (position === null) throw new TypeError(`${JSON.stringify(text)} is no position of the log`);
  return position;
}

function compare(a: Lsn, b: Lsn): number {
  return a < b ? -1 : Number(a > b);
}
