import { qualified, quoted } from "../../sql-names.ts";
import type { Finding } from "../finding.ts";
import { indexName, recreate } from "../index-names.ts";
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
  const { schema, table, name } = index;
  const where = `${quoted(column)} IS NOT NULL`;
  const replacement = indexName(table, [column], "_present");
  return {
    code: "index-partial-candidate",
    severity: "notice",
    object: qualified(index),
    explanation: `${Math.round(nulls * 100)} % of ${quoted(column)} is null. An index of the rest alone is that much smaller; look first whether a query asks for the nulls.`,
    fix: [
      `CREATE INDEX CONCURRENTLY IF NOT EXISTS ${quoted(replacement)} ${behindName(index)} WHERE ${where}`,
      `DROP INDEX CONCURRENTLY IF EXISTS ${qualified({ schema, name })}`,
    ],
    undo: [
      recreate(index.definition),
      `DROP INDEX CONCURRENTLY IF EXISTS ${qualified({ schema, name: replacement })}`,
    ],
    appliable: false,
  };
}

/** From `ON` to the end, with classes, orders and collations as they are. The server quotes a name only where it must. */
function behindName({ definition, name }: IndexFacts): string {
  const spelling = [name, quoted(name)].find((spelt) => definition.startsWith(`CREATE INDEX ${spelt} ON `));
  return definition.slice(`CREATE INDEX ${spelling ?? name} `.length);
}
