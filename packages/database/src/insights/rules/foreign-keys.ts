import { qualified, quoted } from "../../sql-names.ts";
import type { Finding } from "../finding.ts";
import { newIndex } from "../index-names.ts";
import type { CatalogueSnapshot, ForeignKeyFacts, IndexFacts } from "../snapshot.ts";

/** Below this a sequential scan costs less than the index would. */
const FEW_ROWS = 1_000;

/** Without an index every delete in the referenced table reads the whole referencing one. */
export function foreignKeysWithoutIndex(snapshot: CatalogueSnapshot): Finding[] {
  const bare = snapshot.foreignKeys.filter(
    (key) => !snapshot.indexes.some((index) => servesForeignKey(index, key)),
  );
  const distinct = new Map(bare.map((key) => [`${qualified(tableOf(key))}(${key.columns.join()})`, key]));
  return [...distinct.values()].map((key) => finding(key, rowsOf(snapshot, key)));
}

/** Looked up by equality of all its columns: their order within the index's first keys does not matter. */
export function servesForeignKey(index: IndexFacts, key: ForeignKeyFacts): boolean {
  if (index.schema !== key.schema || index.table !== key.table || !index.valid) return false;
  const usable =
    index.method === "btree" ||
    (index.method === "hash" && key.columns.length === 1 && index.include.length === 0);
  if (!usable || !admitsEveryReference(index.predicate, key.columns)) return false;
  const leading = index.keys.slice(0, key.columns.length);
  return key.columns.every((column) =>
    leading.some((part) => part.column === column && (part.columnCollation || part.collation === null)),
  );
}

/** A look-up by equality never finds a null: an index without the nulls serves it as well. */
function admitsEveryReference(predicate: string | null, columns: readonly string[]): boolean {
  return (
    predicate === null ||
    columns.some((column) => [column, quoted(column)].some((name) => predicate === `(${name} IS NOT NULL)`))
  );
}

const tableOf = ({ schema, table }: ForeignKeyFacts): { schema: string; name: string } => ({
  schema,
  name: table,
});

function rowsOf(snapshot: CatalogueSnapshot, { schema, table }: ForeignKeyFacts): number {
  return snapshot.tables.find((facts) => facts.schema === schema && facts.name === table)?.rows ?? -1;
}

function finding(key: ForeignKeyFacts, rows: number): Finding {
  const { create, drop } = newIndex(key);
  return {
    code: "foreign-key-without-index",
    severity: rows < FEW_ROWS ? "notice" : "warning",
    object: qualified(tableOf(key)),
    explanation: `${quoted(key.name)} refers to ${key.referenced} without an index on ${key.columns.map(quoted).join(", ")}: a row deleted there reads all ${rows < 0 ? "" : `${rows} `}rows here.`,
    fix: [create],
    undo: [drop],
    appliable: true,
  };
}
