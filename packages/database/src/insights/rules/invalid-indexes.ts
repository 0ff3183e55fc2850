import { qualified } from "../../sql-names.ts";
import type { Finding } from "../finding.ts";
import type { CatalogueSnapshot, IndexFacts } from "../snapshot.ts";

/** Left by a build beside writers that failed: kept up by every write, and used by no query. */
export function invalidIndexes({ indexes }: CatalogueSnapshot): Finding[] {
  return indexes.filter(({ valid, building }) => !valid && !building).map(finding);
}

/** How REINDEX CONCURRENTLY calls what it makes and what it replaces. */
const OF_REINDEX = /_cc(?:new|old)\d*$/;

function finding(index: IndexFacts): Finding {
  const leftover = OF_REINDEX.test(index.name);
  return {
    code: "index-invalid",
    severity: "warning",
    object: qualified(index),
    explanation: leftover
      ? "A REINDEX CONCURRENTLY that was cut short left this copy: each write keeps it up, and no query uses it."
      : "Its build failed: each write keeps it up, and no query uses it.",
    fix: [
      leftover
        ? `DROP INDEX CONCURRENTLY IF EXISTS ${qualified(index)}`
        : `REINDEX INDEX CONCURRENTLY ${qualified(index)}`,
    ],
    undo: [],
    appliable: true,
  };
}
