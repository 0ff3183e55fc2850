/** What was written can be had back: as much of it as was promised, within the time that was promised. */
import { alert } from "../objectives/rule.ts";
import { series } from "../objectives/scenario.ts";
import { above, counterOf, gaugeOf, increase, secondsSince, sumBy } from "../rules/builders.ts";
import {
  backupDamaged,
  backupDue,
  backupFailures,
  erasureLedgerLag,
  restoreDrillFailed,
  restoreDrillLastSuccess,
  restoreDrillRecoveryTime,
} from "./metrics.ts";
import { burstScenario, gaugeScenario } from "./scenarios.ts";

const DAY_S = 86_400;

export const BACKUP_RULES = [
  alert({
    name: "BackupFailed",
    expression: above(secondsSince(gaugeOf(backupDue)), 600),
    severity: "critical",
    component: "backup",
    summary: "There is no backup of the last ten minutes, or the dump that is due has not come for ten.",
    runbook: "backup-failed",
    scenario: {
      every: "1m",
      series: [series(backupDue, {}, 0, [20, 0], [1, 1_260], [9, 0])],
      firesAt: "15m",
      resolvedAt: "25m",
    },
  }),
  alert({
    name: "RecoveryPointExceeded",
    expression: above(secondsSince(gaugeOf(backupDue)), 300),
    for: "2m",
    severity: "critical",
    component: "backup",
    summary:
      "With the database's machine five minutes more would be lost than the backups are meant to lose.",
    runbook: "backup-failed",
    scenario: {
      every: "1m",
      series: [series(backupDue, {}, 0, [15, 0], [1, 900], [9, 60])],
      firesAt: "10m",
      resolvedAt: "20m",
    },
  }),
  alert({
    name: "BackupAttemptsFail",
    expression: above(sumBy(["kind"], increase(counterOf(backupFailures), "15m")), 3),
    severity: "warning",
    component: "backup",
    summary: "What is to be backed up does not reach the repository, again and again.",
    runbook: "backup-failed",
    scenario: burstScenario(backupFailures, 8, "25m", { kind: "segment" }),
  }),
  alert({
    name: "BackupPagesDamaged",
    expression: above(gaugeOf(backupDamaged), 0),
    severity: "critical",
    component: "backup",
    summary: "The newest backup copies pages that the server's disk has damaged.",
    runbook: "restore-drill",
    scenario: gaugeScenario(backupDamaged, 0, 1),
  }),
  alert({
    name: "ErasuresUnrecorded",
    expression: above(gaugeOf(erasureLedgerLag), 600),
    for: "5m",
    severity: "critical",
    component: "backup",
    summary: "A restore now would bring somebody back who was erased: the repository has not heard of it.",
    runbook: "erasures-unrecorded",
    scenario: gaugeScenario(erasureLedgerLag, 0, 1_200),
  }),
  alert({
    name: "RestoreDrillFailed",
    expression: above(gaugeOf(restoreDrillFailed), 0),
    severity: "critical",
    component: "backup",
    summary: "A backup was restored and is not what it should be, or could not be restored.",
    runbook: "restore-drill",
    scenario: gaugeScenario(restoreDrillFailed, 0, 1),
  }),
  alert({
    name: "RestoreDrillOverdue",
    expression: above(secondsSince(gaugeOf(restoreDrillLastSuccess)), 8 * DAY_S),
    severity: "warning",
    component: "backup",
    summary: "No backup was restored and found whole for eight days: whether they can be is not known.",
    runbook: "restore-drill",
    scenario: {
      every: "5m",
      series: [series(restoreDrillLastSuccess, {}, -9 * DAY_S, [4, 0], [1, 9 * DAY_S], [8, 0])],
      firesAt: "15m",
      resolvedAt: "40m",
    },
  }),
  alert({
    name: "RecoveryTimeExceeded",
    expression: above(gaugeOf(restoreDrillRecoveryTime), 1_800),
    severity: "warning",
    component: "backup",
    summary: "The last restore drill took more than half an hour.",
    runbook: "restore-drill",
    scenario: gaugeScenario(restoreDrillRecoveryTime, 400, 2_400),
  }),
];
