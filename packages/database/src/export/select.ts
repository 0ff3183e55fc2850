import type { Column } from "../pool/ports.ts";
import { literal, quoted } from "../sql-names.ts";

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

/** Types whose JSON has no line break. A `json` is kept as it was written, with breaks between its values, and other types may hold one. */
const ONE_LINE: ReadonlySet<string> = new Set([
  ...HARMLESS,
  ...["text", "character varying", "bpchar", "name", "jsonb", "inet", "cidr", "interval"],
]);

function isOneLine({ type }: Column): boolean {
  return ONE_LINE.has(type.replace(/\[\]$/, ""));
}

/** In JSON no line can break but between values, and no control character stands as it is: CSV with such quotes is the bare text. */
const BARE_LINES = "(FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')";

export function copyPage(
  source: ExportSource,
  format: ExportFormat,
  bounds: PageBounds,
  header: boolean,
): string {
  const page = `SELECT * FROM ${within(source, bounds)}`;
  const order = `ORDER BY ${quoted(source.key.name)}`;
  if (format === "csv") {
    const cells = source.columns.map(cell).join(", ");
    return `COPY (SELECT ${cells} FROM (${page}) page ${qualifiedOrder(source)}) TO STDOUT (FORMAT csv, HEADER ${header})`;
  }
  const json = "row_to_json(page)";
  const line = source.columns.every(isOneLine) ? json : `translate(${json}::text, E'\\n\\r', '  ')`;
  return `COPY (SELECT ${line} FROM (${page} ${order}) page) TO STDOUT ${BARE_LINES}`;
}

/** By the column itself, and not by the text that the cell of the same name makes of it. */
function qualifiedOrder({ key }: ExportSource): string {
  return `ORDER BY page.${quoted(key.name)}`;
}
