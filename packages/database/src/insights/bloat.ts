import type { Queryable } from "../pool/ports.ts";
import { qualified, quoted } from "../sql-names.ts";

export interface Bloat {
  readonly kind: "table" | "index";
  readonly schema: string;
  readonly name: string;
  readonly bytes: number;
  /** Bytes that a rewrite would give back, at most. */
  readonly wastedBytes: number;
  /** `measured`: read by `pgstattuple`, a sample of the pages for tables. `estimated`: from the planner's statistics. */
  readonly method: "measured" | "estimated";
}

export interface BloatOptions {
  /** Smaller relations are passed over; 1 MiB unless told. */
  readonly leastBytes?: number;
  /** How many of the largest are looked at; 50 unless told. */
  readonly most?: number;
}

interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "index";
  readonly bytes: number;
  readonly estimated: number;
}

/**
 * Room that holds nothing, the most first. Reads pages where `pgstattuple` is installed and may be called: give it a session, which
 * has no time limit.
 */
export async function readBloat(
  db: Queryable,
  { leastBytes = 1 << 20, most = 50 }: BloatOptions = {},
): Promise<Bloat[]> {
  const relations = await db.query<Relation>(LARGEST, [leastBytes, most]);
  const schema = await pgstattupleSchema(db);
  const found: Bloat[] = [];
  for (const relation of relations) {
    const { estimated, ...rest } = relation;
    const wastedBytes = schema === null ? estimated : await measure(db, schema, relation);
    found.push({ ...rest, wastedBytes, method: schema === null ? "estimated" : "measured" });
  }
  return found.toSorted((a, b) => b.wastedBytes - a.wastedBytes);
}

/** Null where the extension is missing or this role may not call it (`pg_stat_scan_tables`). */
async function pgstattupleSchema(db: Queryable): Promise<string | null> {
  const [row] = await db.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.proname = 'pgstattuple_approx' AND has_function_privilege(p.oid, 'EXECUTE') LIMIT 1`,
  );
  return row?.schema ?? null;
}

async function measure(db: Queryable, schema: string, relation: Relation): Promise<number> {
  const within = quoted(schema);
  const text =
    relation.kind === "table"
      ? `SELECT dead_tuple_len + approx_free_space AS wasted FROM ${within}.pgstattuple_approx($1::text::regclass)`
      : `SELECT (index_size * greatest(90 - nullif(avg_leaf_density, 'NaN'), 0) / 90)::float8 AS wasted
         FROM ${within}.pgstatindex($1::text::regclass)`;
  const [row] = await db.query<{ wasted: number | null }>(text, [qualified(relation)]);
  return Math.round(row?.wasted ?? 0);
}

/**
 * Heap: what rows of the average width with their headers need (24 bytes and a pointer of 4, pages of 8 KiB less their header),
 * beside what is there; the fill factor counts as used. B-tree: entries of the keys' widths with 12 bytes each, leaves 90 % full.
 * Off by a third easily, and by more for values stored out of line.
 */
const LARGEST = `
  SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'i' THEN 'index' ELSE 'table' END AS kind,
    pg_relation_size(c.oid) AS bytes,
    greatest(0, pg_relation_size(c.oid) - CASE c.relkind
      WHEN 'i' THEN greatest(c.reltuples, 0) * (12 + 8 * ceil(coalesce(k.width, 8) / 8.0)) / 0.9
      ELSE greatest(c.reltuples, 0) * (28 + 8 * ceil(coalesce(w.width, 8) / 8.0)) * 8192.0 / 8168
        / (coalesce((SELECT option_value FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor')::float8, 100) / 100)
      END)::float8 AS estimated
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
  LEFT JOIN LATERAL (SELECT sum(s.avg_width * (1 - s.null_frac)) AS width FROM pg_stats s
    WHERE s.schemaname = n.nspname AND s.tablename = c.relname) w ON c.relkind <> 'i'
  LEFT JOIN LATERAL (SELECT sum(s.avg_width) AS width FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
    JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = t.relname AND s.attname = a.attname
    WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) k ON c.relkind = 'i'
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relpersistence <> 't'
    AND (c.relkind IN ('r', 'm') OR c.relkind = 'i' AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')
      AND i.indisvalid)
    AND pg_relation_size(c.oid) >= $1
  ORDER BY pg_relation_size(c.oid) DESC LIMIT $2`;
