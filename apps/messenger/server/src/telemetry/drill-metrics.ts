import type { DrillHistory, DrillRecord } from "@rempart/database/backup";
import { registerMetrics, registerReader, shippedMetrics } from "@rempart/observability";
import type { Registry } from "prom-client";

export interface DrillMetrics {
  /** What is known of drills, this one's included, also from before this process. */
  know(history: DrillHistory): void;
  count(record: DrillRecord): void;
}

export function createDrillMetrics(registry: Registry): DrillMetrics {
  let known: DrillHistory = { newest: null, passedAt: null };
  const { checks } = registerMetrics(registry, { checks: shippedMetrics.durabilityChecks });
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
  return {
    know(history) {
      known = history;
    },
    count(record) {
      if ("error" in record) return checks.labels({ outcome: "lost" }).inc();
      for (const { outcome } of record.checks)
        if (outcome !== "skipped") checks.labels({ outcome: outcome === "passed" ? "intact" : "lost" }).inc();
    },
  };
}
