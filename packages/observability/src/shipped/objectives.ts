import { objective } from "../objectives/objective.ts";
import { errorsOf, fasterThan, fresherThan } from "../objectives/sli.ts";
import { backupDue, durabilityChecks, httpDuration, httpRequests } from "./metrics.ts";

/** What every service promises unless it says otherwise. */
export const SHIPPED_OBJECTIVES = [
  objective({
    name: "Availability",
    sli: errorsOf(httpRequests, { status: { startsWith: "5" } }),
    target: 0.99,
    runbook: "high-error-rate",
  }),
  objective({
    name: "LatencyP95",
    sli: fasterThan(httpDuration, 0.25),
    target: 0.95,
    runbook: "high-api-latency",
  }),
  objective({
    name: "LatencyP99",
    sli: fasterThan(httpDuration, 1),
    target: 0.99,
    runbook: "high-api-latency",
  }),
  objective({
    name: "BackupFreshness",
    sli: fresherThan(backupDue, "10m"),
    target: 0.99,
    component: "backup",
    runbook: "backup-failed",
  }),
  objective({
    name: "Durability",
    sli: errorsOf(durabilityChecks, { outcome: "lost" }),
    target: 0.9999,
    // What is lost is lost, however little was looked at.
    minimumEvents: 1,
    component: "backup",
    runbook: "restore-drill",
  }),
];
