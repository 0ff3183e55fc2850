/** What backups and restore drills tell. */
import { counter, gauge } from "../metrics/declare.ts";

const few = { limit: 20 };

export const backupDuration = gauge({
  name: "backup_duration_seconds",
  help: "How long the newest base backup took.",
  unit: "seconds",
});

export const backupSize = gauge({
  name: "backup_size_bytes",
  help: "Room that the newest base backup takes in the repository.",
  unit: "bytes",
});

export const backupFailures = counter({
  name: "backup_failures_total",
  help: "Base backups and segments that could not be brought to the repository, each attempt.",
  unit: "count",
  labels: { kind: few },
});

export const backupRecoveryPoint = gauge({
  name: "backup_recovery_point_seconds",
  help: "How much of the latest writes would be lost now with the database's machine: the age of what the repository holds.",
  unit: "seconds",
});

export const backupDue = gauge({
  name: "backup_due_timestamp_seconds",
  help: "When what can be restored ought to have become younger: at once where changes are taken all the time, after the interval where only dumps are taken.",
  unit: "seconds",
});

export const backupDamaged = gauge({
  name: "backup_damaged",
  help: "1 when pages of the newest base backup were damaged on the server already, 0 when all were sound.",
  unit: "count",
});

export const erasureLedgerLag = gauge({
  name: "erasure_ledger_lag_seconds",
  help: "How long the oldest erasure waits that the backups' repository has no record of; 0 when it has all.",
  unit: "seconds",
});

export const restoreDrillLastSuccess = gauge({
  name: "restore_drill_last_success_timestamp_seconds",
  help: "When a backup was last restored and found whole.",
  unit: "seconds",
});

export const restoreDrillRecoveryTime = gauge({
  name: "restore_drill_recovery_time_seconds",
  help: "How long the last restore drill took, until the database answered.",
  unit: "seconds",
});

export const restoreDrillRecoveryPoint = gauge({
  name: "restore_drill_recovery_point_seconds",
  help: "How much of the latest writes a loss would have taken along when the last restore drill began.",
  unit: "seconds",
});

export const restoreDrillExpectedRecoveryTime = gauge({
  name: "restore_drill_expected_recovery_time_seconds",
  help: "How long a recovery takes at the size that the database had at the last restore drill.",
  unit: "seconds",
});

export const restoreDrillFailed = gauge({
  name: "restore_drill_failed",
  help: "1 when the last restore drill failed, 0 when a backup was restored and found whole.",
  unit: "count",
});

export const durabilityChecks = counter({
  name: "durability_checks_total",
  help: "What restore drills looked at in a restored backup, the weekly ones and those by command, and whether it was intact.",
  unit: "count",
  labels: { outcome: { values: ["intact", "lost"] } },
});
