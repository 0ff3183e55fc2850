import { qualified, quoted } from "../../sql-names.ts";
import type { Finding } from "../finding.ts";
import { newIndex } from "../index-names.ts";
import type { CatalogueSnapshot, IndexFacts } from "../snapshot.ts";

const MOSTLY_NULL = 0.9;
const WORTH_BYTES = 8 << 20;

/** Indexes that are mostly nulls. A query that asks for the nulls would lose its index, so it is for a person to decide. */
export function partialCandidates(snapshot: CatalogueSnapshot): Finding[] {
  return snapshot.indexes.flatMap((index) => {
    const [key] = index.keys;
    if (key?.column == null || index.keys.length > 1 || index.predicate !== null) return [];
    if (index.needed || index.unique || !index.valid || index.method !== "btree") return [];
    const nulls = nullFraction(snapshot, index, key.column);
    if (nulls < MOSTLY_NULL || index.bytes < WORTH_BYTES) return [];
    return [finding(index, key.column, nulls)];
  });
}

function nullFraction({ tables }: CatalogueSnapshot, { schema, table }: IndexFacts, column: string): number {
  const facts = tables.find((candidate) => candidate.schema === schema && candidate.name === table);
  return facts?.columns.find(({ name }) => name === column)?.nullFraction ?? 0;
}

function finding(index: IndexFacts, column: string, nulls: number): Finding {
  const where = `${quoted(column)} IS NOT NULL`;
  const { schema, table, include } = index;
  const { create, drop } = newIndex({ schema, table, columns: [column], include, where, suffix: "_present" });
  return {
    code: "index-partial-candidate",
    severity: "notice",
    object: qualified(index),
    explanation: `${Math.round(nulls * 100)} % of ${quoted(column)} is null. An index of the rest alone is that much smaller; look first whether a query asks for the nulls.`,
    fix: [create, `DROP INDEX CONCURRENTLY IF EXISTS ${qualified(index)}`],
    undo: [index.definition.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY IF NOT EXISTS"), drop],
    appliable: false,
  };
}
