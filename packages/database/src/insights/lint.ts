import type { Machine } from "../maintenance/configure/sizes.ts";
import { bySeverity, type Finding } from "./finding.ts";
import { exhaustedSequences, oldTransactions } from "./rules/ageing.ts";
import { autovacuumLag } from "./rules/autovacuum.ts";
import { foreignKeysWithoutIndex } from "./rules/foreign-keys.ts";
import { invalidIndexes } from "./rules/invalid-indexes.ts";
import { unfitMemory } from "./rules/memory.ts";
import { partialCandidates } from "./rules/partial-candidates.ts";
import { redundantIndexes } from "./rules/redundant-indexes.ts";
import { unusedIndexes } from "./rules/unused-indexes.ts";
import type { CatalogueSnapshot } from "./snapshot.ts";

const RULES: readonly ((snapshot: CatalogueSnapshot) => Finding[])[] = [
  foreignKeysWithoutIndex,
  redundantIndexes,
  unusedIndexes,
  invalidIndexes,
  partialCandidates,
  exhaustedSequences,
  oldTransactions,
  autovacuumLag,
];

/** What can be told from the catalogue alone, the worst first. Without `machine` nothing is said about memory. */
export function lint(snapshot: CatalogueSnapshot, machine?: Omit<Machine, "connections">): Finding[] {
  const findings = RULES.flatMap((rule) => rule(snapshot));
  const memory = machine === undefined ? [] : unfitMemory(snapshot, machine);
  return oncePerObject([...findings, ...memory]).toSorted(bySeverity);
}

/** An index that is both superfluous and unused is dropped once. */
function oncePerObject(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ fix }) => {
    const first = fix[0] ?? "";
    const known = seen.has(first);
    seen.add(first);
    return !known;
  });
}
