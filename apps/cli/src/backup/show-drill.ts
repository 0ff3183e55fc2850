import type { CheckOutcome, DrillHistory, DrillRecord, DrillReport } from "@rempart/database/backup";
import { table } from "../table.ts";
import { bytesText } from "../text.ts";
import { momentText } from "./show.ts";

/** What was measured, and each check with what it found. */
export function drillText(record: DrillRecord): string {
  if ("error" in record) return `The drill FAILED: ${record.error}`;
  const verdict = record.passed ? `${record.backup} was restored and found whole` : "The drill FAILED";
  return `${verdict}\n\n${measuredText(record)}\n\n${checksText(record.checks)}`;
}

function measuredText(report: DrillReport): string {
  const { copyMs, recoverMs, answerMs } = report.phases;
  return table([
    ["recovery time", secondsText(report.recoveryTimeMs)],
    ["  copy", `${secondsText(copyMs)} for ${bytesText(report.restoredBytes)}`],
    ["  replay and opening", secondsText(recoverMs)],
    ["  first answer", secondsText(answerMs)],
    ...(report.expectedRecoveryTimeMs === null
      ? []
      : [["expected at the present size", secondsText(report.expectedRecoveryTimeMs)]]),
    ["recovery point", `${secondsText(report.recoveryPointMs)} before the drill began`],
  ]);
}

function checksText(checks: readonly CheckOutcome[]): string {
  return table([
    ["check", "outcome", "took", "finding"],
    ...checks.flatMap(({ name, outcome, durationMs, findings }) => [
      [name, outcome, secondsText(durationMs), findings[0] ?? ""],
      ...findings.slice(1).map((finding) => ["", "", "", finding]),
    ]),
  ]);
}

/** Null: what they found cannot be read here. */
export function drillsText(known: DrillHistory | null): string {
  if (known === null) return table([["last drill", "not known here: the key it is sealed with is missing"]]);
  const { newest, passedAt } = known;
  if (newest === null) return table([["last drill", "none: rempart backup drill"]]);
  const outcome = newest.passed ? "passed" : "FAILED";
  const measured =
    "error" in newest
      ? newest.error
      : `recovery time ${secondsText(newest.recoveryTimeMs)}, recovery point ${secondsText(newest.recoveryPointMs)}`;
  return table([
    ["last drill", `${momentText(newest.startedAt)} ${outcome}: ${measured}`],
    ["last that passed", momentText(passedAt)],
  ]);
}

function secondsText(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 3 : 1)} s`;
}
