import type { DrillHistory, DrillRecord, DrillReport } from "@rempart/database/backup";
import { registerMetrics, registerReader, shippedMetrics } from "@rempart/observability";
import type { Registry } from "prom-client";

export interface DrillMetrics {
  /** What is known of drills, this one's included, also from before this process. What is new is counted, whoever made it. */
  know(history: DrillHistory): void;
  /** Each once. */
  count(record: DrillRecord): void;
}

export function createDrillMetrics(registry: Registry): DrillMetrics {
  let known: DrillHistory = { newest: null, passedAt: null };
  const { checks } = registerMetrics(registry, { checks: shippedMetrics.durabilityChecks });
  // A first loss is growth from zero, and not a series that begins at one.
  const intact = checks.labels({ outcome: "intact" });
  const lost = checks.labels({ outcome: "lost" });
  const ofNewest = (read: (record: DrillRecord) => number | null) => () => known.newest && read(known.newest);
  const seconds = (ms: number | null): number | null => ms && ms / 1_000;
  registerReader(registry, shippedMetrics.restoreDrillLastSuccess, () => seconds(known.passedAt));
  registerReader(
    registry,
    shippedMetrics.restoreDrillFailed,
    ofNewest(({ passed }) => (passed ? 0 : 1)),
  );
  for (const [metric, read] of [
    [shippedMetrics.restoreDrillRecoveryTime, "recoveryTimeMs"],
    [shippedMetrics.restoreDrillRecoveryPoint, "recoveryPointMs"],
    [shippedMetrics.restoreDrillExpectedRecoveryTime, "expectedRecoveryTimeMs"],
  ] as const)
    registerReader(
      registry,
      metric,
      ofNewest((record) => ("error" in record ? null : seconds(record[read]))),
    );
  let isFirst = true;
  let countedAt: number | null = null;
  function count(record: DrillRecord): void {
    if (record.startedAt === countedAt) return;
    countedAt = record.startedAt;
    if ("error" in record) lost.inc();
    else countChecks(record.checks);
  }
  function countChecks(found: DrillReport["checks"]): void {
    for (const { outcome } of found) if (outcome !== "skipped") (outcome === "passed" ? intact : lost).inc();
  }
  return {
    know(history) {
      known = history;
      // What was there before this process was counted by another one.
      if (isFirst) countedAt ??= history.newest?.startedAt ?? null;
      else if (history.newest !== null) count(history.newest);
      isFirst = false;
    },
    count,
  };
}
