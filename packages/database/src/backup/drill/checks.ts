import { type Clock, explain } from "@rempart/kernel";
import type { Database } from "../../pool/ports.ts";

/** What must hold of a restored database. An application hands in its own. */
export interface DrillCheck {
  readonly name: string;
  /** Answers what is wrong, in words; nothing when all is well. Runs as the application's role, on a server nobody else can reach. */
  run(database: Database): Promise<readonly string[]>;
}

export interface CheckOutcome {
  readonly name: string;
  /** `skipped` where there is nothing to check with: `findings` says what. */
  readonly outcome: "passed" | "failed" | "skipped";
  /** The first of them, when there are many. */
  readonly findings: readonly string[];
  readonly durationMs: number;
}

/** A check that cannot be made here. */
export class Skipped extends Error {}

const LISTED = 20;

/** One check, whatever it does: what it throws is a finding too. */
export async function runCheck(
  name: string,
  clock: Clock,
  work: () => Promise<readonly string[]>,
): Promise<CheckOutcome> {
  const startedAt = clock.monotonic();
  const [outcome, findings] = await outcomeOf(work);
  return { name, outcome, findings: findings.slice(0, LISTED), durationMs: clock.monotonic() - startedAt };
}

async function outcomeOf(
  work: () => Promise<readonly string[]>,
): Promise<readonly [CheckOutcome["outcome"], readonly string[]]> {
  try {
    const findings = await work();
    return [findings.length === 0 ? "passed" : "failed", findings];
  } catch (error) {
    return [error instanceof Skipped ? "skipped" : "failed", [explain(error)]];
  }
}
