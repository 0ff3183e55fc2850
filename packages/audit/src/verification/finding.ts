/** What is wrong with a log, and where. */

export type FindingKind =
  /** The entry's row no longer says what its leaf commits to. */
  | "entry-altered"
  /** The entry's row is gone before its class allows it. */
  | "entry-removed"
  /** A row stands in a place that the tree gives to another. */
  | "entry-reordered"
  /** A row that was there when its place would have been given has none, or a place was taken that nothing was signed for. */
  | "entry-inserted"
  /** The row that holds the place is gone or says another hash. */
  | "leaf-altered"
  /** A file of hashes differs from what was signed. */
  | "tile-altered"
  /** A file of entries differs from what was signed. */
  | "bundle-altered"
  /** A signed head does not verify, or does not belong to this log. */
  | "checkpoint-altered";

export interface Finding {
  readonly kind: FindingKind;
  /** Place in the log; null when it is about no single entry. */
  readonly index: number | null;
  readonly entryId: string | null;
  /** In words, for the operator. */
  readonly detail: string;
}

export interface VerificationReport {
  /** Entries whose place, hash and content were checked. */
  readonly checked: number;
  /** Of those, entries whose body was pruned when its time was over. */
  readonly pruned: number;
  readonly size: number;
  readonly findings: readonly Finding[];
  /** Findings beyond those listed. */
  readonly more: number;
}

const LISTED_FINDINGS = 1_000;

export function reportOf(
  findings: readonly Finding[],
  counted: { readonly checked: number; readonly pruned: number; readonly size: number },
): VerificationReport {
  const listed = findings.slice(0, LISTED_FINDINGS);
  return { ...counted, findings: listed, more: findings.length - listed.length };
}

export function checkpointFinding(detail: string): Finding {
  return { kind: "checkpoint-altered", index: null, entryId: null, detail };
}
