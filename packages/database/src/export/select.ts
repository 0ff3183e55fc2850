import type { Column } from "../pool/ports.ts";
import { literal, quoted } from "../sql-names.ts";
import { COPY_OPTIONS, type JsonColumn, type JsonKind } from "./json-rows.ts";

export type ExportFormat = "csv" | "json" | "jsonl";

/** What of a SELECT one page holds: keys after one, up to another. Null: no bound. */
export interface PageBounds {
  readonly after: string | null;
  readonly upTo: string | null;
}

/** A SELECT that is exported page by page, in the order of a key. */
export interface ExportSource {
  readonly select: string;
  readonly columns: readonly Column[];
  readonly key: Column;
}

function within({ select, key }: ExportSource, { after, upTo }: PageBounds): string {
  const bound = (operator: string, value: string | null) =>
    value === null ? "" : ` AND ${quoted(key.name)} ${operator} ${literal(value)}::${key.type}`;
  return `(${select}\n) exported WHERE true${bound(">", after)}${bound("<=", upTo)}`;
}

/** The key of the last row of a page of so many rows; no row when fewer are left. */
export function pageEnd(source: ExportSource, after: string | null, rows: number): string {
  const key = quoted(source.key.name);
  const from = within(source, { after, upTo: null });
  return `SELECT ${key}::text AS key FROM ${from} ORDER BY ${key} OFFSET ${rows - 1} LIMIT 1`;
}

/** The key of the last row of all; null when one is null somewhere, for nulls sort last. */
export function lastKey(source: ExportSource): string {
  const key = quoted(source.key.name);
  return `SELECT ${key}::text AS key FROM (${source.select}\n) exported ORDER BY ${key} DESC LIMIT 1`;
}

/**
 * What a spreadsheet takes for a formula (OWASP, CSV Injection), in the first place of a text. Numbers and times are none,
 * though they begin with a sign.
 */
const FORMULA = "E'=','+','-','@',E'\\t',E'\\r',E'\\n','\uff1d','\uff0b','\uff0d','\uff20'";
const HARMLESS: ReadonlySet<string> = new Set([
  ...[
    "smallint",
    "integer",
    "bigint",
    "oid",
    "real",
    "double precision",
    "numeric",
    "boolean",
    "uuid",
    "bytea",
  ],
  ...["date", "time without time zone", "time with time zone"],
  ...["timestamp without time zone", "timestamp with time zone"],
]);

function cell({ name, type }: Column): string {
  const column = quoted(name);
  if (HARMLESS.has(type)) return column;
  return `CASE WHEN left(${column}::text, 1) IN (${FORMULA}) THEN '''' || ${column}::text ELSE ${column}::text END AS ${column}`;
}

const NUMBERS: ReadonlySet<string> = new Set([
  ...["smallint", "integer", "bigint"],
  ...["real", "double precision", "numeric"],
]);

/** Types whose JSON is their text in quotes, whatever the session's settings. */
const TEXTS: ReadonlySet<string> = new Set([
  ...["text", "character varying", "character", "bpchar", "name"],
  ...["uuid", "bytea", "oid", "inet", "cidr", "macaddr", "interval", "void"],
]);

function jsonKind(type: string): JsonKind {
  if (NUMBERS.has(type)) return "number";
  return TEXTS.has(type) ? "text" : "json";
}

export function jsonColumns({ columns }: ExportSource): JsonColumn[] {
  return columns.map(({ name, type }) => ({ name, kind: jsonKind(type) }));
}

function jsonCell({ name, type }: Column): string {
  const column = quoted(name);
  if (jsonKind(type) !== "json" || type === "json" || type === "jsonb") return column;
  return `to_json(${column}) AS ${column}`;
}

export function copyPage(
  source: ExportSource,
  format: ExportFormat,
  bounds: PageBounds,
  header: boolean,
): string {
  const [cells, options] =
    format === "csv"
      ? [source.columns.map(cell), `FORMAT csv, HEADER ${header}`]
      : [source.columns.map(jsonCell), jsonOptions(source)];
  // By the column itself, and not by what the cell of the same name makes of it.
  const order = `ORDER BY page.${quoted(source.key.name)}`;
  const page = `SELECT * FROM ${within(source, bounds)}`;
  return `COPY (SELECT ${cells.join(", ")} FROM (${page}) page ${order}) TO STDOUT (${options})`;
}

/** Only what is null or a number stands without quotes, or is JSON that holds none. */
function jsonOptions(source: ExportSource): string {
  const texts = jsonColumns(source).filter(({ kind }) => kind === "text");
  if (texts.length === 0) return COPY_OPTIONS;
  return `${COPY_OPTIONS}, FORCE_QUOTE (${texts.map(({ name }) => quoted(name)).join(", ")})`;
}
