import { createHash } from "node:crypto";
import { qualified, quoted } from "../sql-names.ts";

/** NAMEDATALEN - 1: PostgreSQL cuts a longer name, and two long ones may then be the same. */
const LONGEST = 63;

/** A name for a new index, the same each time; one that would be cut ends in a digest of the whole. */
export function indexName(table: string, columns: readonly string[], suffix = ""): string {
  const whole = `idx_${table}_${columns.join("_")}${suffix}`;
  if (Buffer.byteLength(whole) <= LONGEST) return whole;
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, 8);
  return `${cut(whole, LONGEST - digest.length - 1)}_${digest}`;
}

/** Never inside a character. */
function cut(text: string, bytes: number): string {
  let length = 0;
  let kept = "";
  for (const character of text) {
    length += Buffer.byteLength(character);
    if (length > bytes) break;
    kept += character;
  }
  return kept;
}

export interface NewIndex {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly include?: readonly string[];
  readonly suffix?: string;
}

/** The statements that make an index beside running writers, and take it away again. */
export function newIndex(index: NewIndex): { create: string; drop: string; plain: string } {
  const { schema, table, columns, include = [], suffix } = index;
  const name = indexName(table, columns, suffix);
  const included = include.length > 0 ? ` INCLUDE (${include.map(quoted).join(", ")})` : "";
  const on = `ON ${qualified({ schema, name: table })} (${columns.map(quoted).join(", ")})${included}`;
  return {
    create: `CREATE INDEX CONCURRENTLY IF NOT EXISTS ${quoted(name)} ${on}`,
    drop: `DROP INDEX CONCURRENTLY IF EXISTS ${qualified({ schema, name })}`,
    plain: `CREATE INDEX ${on}`,
  };
}

/** `pg_get_indexdef` says how to make an index anew; made beside running writers, and not twice. */
export function recreate(definition: string): string {
  return definition.replace(/^CREATE (UNIQUE )?INDEX /, "CREATE $1INDEX CONCURRENTLY IF NOT EXISTS ");
}
