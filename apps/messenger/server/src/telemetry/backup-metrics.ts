import type { BackupEvent, BackupObserver, WaitingErasures } from "@rempart/database/backup";
import type { Clock } from "@rempart/kernel";
import { registerMetrics, registerReader, shippedMetrics } from "@rempart/observability";
import type { Registry } from "prom-client";

/**
 * A backup is as young as what it can bring back: the last success is the moment up to which everything can be restored, read
 * from the repository. `gapMs` is how old that becomes where all is well.
 */
export function countBackups(registry: Registry, clock: Clock, gapMs: number): BackupObserver {
  let recoverableTo: number | null = null;
  let damaged: boolean | null = null;
  const { durations, sizes, failures } = registerMetrics(registry, {
    durations: shippedMetrics.backupDuration,
    sizes: shippedMetrics.backupSize,
    failures: shippedMetrics.backupFailures,
  });
  registerReader(registry, shippedMetrics.backupLastSuccess, () => recoverableTo && recoverableTo / 1_000);
  registerReader(registry, shippedMetrics.backupDue, () => recoverableTo && (recoverableTo + gapMs) / 1_000);
  registerReader(
    registry,
    shippedMetrics.backupRecoveryPoint,
    () => recoverableTo && Math.max(0, (clock.now() - recoverableTo) / 1_000),
  );
  registerReader(registry, shippedMetrics.backupDamaged, () => (damaged === null ? null : Number(damaged)));
  return (event: BackupEvent): void => {
    if (event.type === "backup-finished") {
      durations.set(event.durationMs / 1_000);
      sizes.set(event.backup.storedBytes);
    } else if (event.type === "backup-failed") failures.labels({ kind: "base" }).inc();
    else if (event.type === "segment-refused") failures.labels({ kind: "segment" }).inc();
    else if (event.type === "recovery-point") ({ recoverableTo, damaged } = event);
  };
}

/** The age of the oldest erasure that a restore would not know of. */
export function countErasures(registry: Registry, clock: Clock): (waiting: WaitingErasures) => void {
  let since: number | null = null;
  registerReader(registry, shippedMetrics.erasureLedgerLag, () =>
    since === null ? 0 : Math.max(0, (clock.now() - since) / 1_000),
  );
  return (waiting) => {
    since = waiting.since;
  };
}
