import type { Column } from "../pool/ports.ts";
import { literal, quoted } from "../sql-names.ts";
import { CopyRows, type ExportColumn, type RowFrame } from "./copy-rows.ts";
import { CSV_FIELDS, JSON_FIELDS } from "./field-styles.ts";

export type ExportFormat = "csv" | "json" | "jsonl";

/** A SELECT that is exported page by page, in the order of a key. */
export interface ExportSource {
  readonly select: string;
  readonly columns: readonly Column[];
  readonly key: Column;
}

/** A row when some key is null, which no page would hold. */
export function nullKey({ select, key }: ExportSource): string {
  return `SELECT true AS found FROM (${select}\n) exported WHERE ${quoted(key.name)} IS NULL LIMIT 1`;
}

/** The rows behind a key, in the order of keys; from the first where it is null. */
function rowsBehind({ select, key }: ExportSource, after: string | null): string {
  const name = quoted(key.name);
  const behind = after === null ? "" : ` WHERE ${name} > ${literal(after)}::${key.type}`;
  return `SELECT * FROM (${select}\n) exported${behind} ORDER BY ${name}`;
}

/** The key of the row that stands in such a place behind another, counted from one. */
export function keyAt(source: ExportSource, after: string | null, place: number): string {
  const row = `${rowsBehind(source, after)} OFFSET ${place - 1} LIMIT 1`;
  return `SELECT ${quoted(source.key.name)}::text AS key FROM (${row}) page`;
}

export function copyPage(
  source: ExportSource,
  format: ExportFormat,
  after: string | null,
  rows: number,
): string {
  const page = `${rowsBehind(source, after)} LIMIT ${rows}`;
  const cells =
    format === "csv" ? source.columns.map(({ name }) => quoted(name)) : source.columns.map(jsonCell);
  return `COPY (SELECT ${cells.join(", ")} FROM (${page}) page) TO STDOUT`;
}

function jsonCell({ name, type }: Column): string {
  return isMadeJson(type) ? `to_json(${quoted(name)})` : quoted(name);
}

function isMadeJson(type: string): boolean {
  return jsonKind(type) === "document" && type !== "json" && type !== "jsonb";
}

/** Whether a row holds its key as `COPY` writes it. */
export function holdsKey({ key }: ExportSource, format: ExportFormat): boolean {
  return format === "csv" || !isMadeJson(key.type);
}

const NUMBERS: ReadonlySet<string> = new Set([
  ...["smallint", "integer", "bigint"],
  ...["real", "double precision", "numeric"],
]);

/** Numbers and times are no formulas, though they begin with a sign, and hold nothing that CSV quotes. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...NUMBERS,
  ...["oid", "boolean", "uuid", "bytea"],
  ...["date", "time without time zone", "time with time zone"],
  ...["timestamp without time zone", "timestamp with time zone"],
]);

/** Types whose JSON is their text in quotes, whatever the session's settings. */
const TEXTS: ReadonlySet<string> = new Set([
  ...["text", "character varying", "character", "bpchar", "name"],
  ...["uuid", "bytea", "oid", "inet", "cidr", "macaddr", "interval", "void"],
]);

function jsonKind(type: string): keyof typeof JSON_FIELDS {
  if (NUMBERS.has(type)) return "number";
  return TEXTS.has(type) ? "text" : "document";
}

function csvColumn({ type }: Column, index: number): ExportColumn {
  return { lead: index === 0 ? "" : ",", style: CSV_FIELDS[HARMLESS.has(type) ? "harmless" : "text"] };
}

function jsonColumn({ name, type }: Column, index: number): ExportColumn {
  return { lead: `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`, style: JSON_FIELDS[jsonKind(type)] };
}

/** What ends a page of lines ends its last line; an array goes on. */
const FRAMES: Record<ExportFormat, RowFrame> = {
  csv: { between: "", after: "\n" },
  json: { between: ",\n", after: "}" },
  jsonl: { between: "", after: "}\n" },
};

/** For all pages of an export. */
export function rowsOf({ columns, key }: ExportSource, format: ExportFormat): CopyRows {
  return new CopyRows(
    columns.map(format === "csv" ? csvColumn : jsonColumn),
    columns.indexOf(key),
    FRAMES[format],
  );
}

/** What stands before all rows, and behind them. */
export function around({ columns }: ExportSource, format: ExportFormat): { before: string; behind: string } {
  if (format === "csv")
    return { before: `${columns.map(({ name }) => heading(name)).join(",")}\n`, behind: "" };
  return format === "json" ? { before: "[\n", behind: "\n]\n" } : { before: "", behind: "" };
}

function heading(name: string): string {
  return /[",\r\n]/.test(name) ? quoted(name) : name;
}
