export type Severity = "critical" | "warning" | "notice";

export type FindingCode =
  | "foreign-key-without-index"
  | "filter-without-index"
  | "index-unused"
  | "index-duplicate"
  | "index-covered"
  | "index-invalid"
  | "index-partial-candidate"
  | "index-covering-candidate"
  | "sequence-exhaustion"
  | "transaction-id-age"
  | "autovacuum-off"
  | "autovacuum-lag"
  | "statistics-stale"
  | "setting-unfit"
  | "memory-overcommitted";

/** One thing to mend, with the statements that mend it and those that take it back. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What it is about, as SQL names it. */
  readonly object: string;
  readonly explanation: string;
  /** In order, each alone: none of them may run inside a transaction. */
  readonly fix: readonly string[];
  /** Empty where there is nothing to take back. */
  readonly undo: readonly string[];
  /** False: `fix` locks or restarts, and is for a person to run at a time they choose. */
  readonly appliable: boolean;
  /** Of a hypothetical index that was tried: the planner's cost before and with it. */
  readonly proof?: { readonly costBefore: number; readonly costAfter: number };
}

const ORDER: readonly Severity[] = ["critical", "warning", "notice"];

export function bySeverity(a: Finding, b: Finding): number {
  return (
    ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) ||
    a.code.localeCompare(b.code) ||
    a.object.localeCompare(b.object)
  );
}
