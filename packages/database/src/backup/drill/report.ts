import type { RestoreReport } from "../ports.ts";
import type { CheckOutcome } from "./checks.ts";
import type { PrimaryFacts } from "./primary.ts";

/** Milliseconds. */
export interface RecoveryTime {
  readonly copyMs: number;
  readonly recoverMs: number;
  /** Until the application's first question was answered. */
  readonly answerMs: number;
}

export interface DrillReport {
  /** Unix milliseconds, by the server's clock where there is one. */
  readonly startedAt: number;
  readonly passed: boolean;
  readonly backup: string;
  readonly phases: RecoveryTime;
  /** Milliseconds: all phases. */
  readonly recoveryTimeMs: number;
  /** Milliseconds of the latest changes that a loss at the start would have taken along. */
  readonly recoveryPointMs: number;
  /** Bytes of what was restored. */
  readonly restoredBytes: number;
  /** What a recovery takes at the size that the server has now; null without the server. */
  readonly expectedRecoveryTimeMs: number | null;
  readonly checks: readonly CheckOutcome[];
}

export interface Measured {
  readonly startedAt: number;
  readonly recoverableTo: number | null;
  readonly primary: PrimaryFacts | null;
  readonly restored: RestoreReport;
  readonly answerMs: number;
  readonly checks: readonly CheckOutcome[];
}

export function reportOf(measured: Measured): DrillReport {
  const { startedAt, recoverableTo, primary, restored, answerMs } = measured;
  const phases = { copyMs: restored.copyMs, recoverMs: restored.recoverMs, answerMs };
  const checks = [...measured.checks, measurement(phases)];
  return {
    startedAt,
    passed: checks.every(({ outcome }) => outcome !== "failed"),
    backup: restored.backup,
    phases,
    recoveryTimeMs: phases.copyMs + phases.recoverMs + phases.answerMs,
    recoveryPointMs: Math.max(0, startedAt - (recoverableTo ?? 0)),
    restoredBytes: restored.bytes,
    expectedRecoveryTimeMs: primary && expectedTime(phases, primary.bytes / Math.max(1, restored.bytes)),
    checks,
  };
}

/** Copying takes as long as there is much to copy. Replay depends on what was written since the backup, not on the size. */
function expectedTime({ copyMs, recoverMs, answerMs }: RecoveryTime, growth: number): number {
  return copyMs * Math.max(1, growth) + recoverMs + answerMs;
}

/** A step that took no time was not made. */
function measurement(phases: RecoveryTime): CheckOutcome {
  const findings = Object.entries(phases)
    .filter(([, ms]) => !(Number.isFinite(ms) && ms > 0))
    .map(([name, ms]) => `${name} is ${ms}`);
  return {
    name: "measurement",
    outcome: findings.length === 0 ? "passed" : "failed",
    findings,
    durationMs: 0,
  };
}
