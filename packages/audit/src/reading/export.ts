import type { Queryable } from "@rempart/database";
import { visible } from "@rempart/kernel/masking";
import { canonical, type Json } from "../entry/canonical.ts";
import { type AuditQuery, queryAudit } from "./query.ts";
import type { AuditRecord } from "./record.ts";

export type ExportFormat = "jsonl" | "csv";

const PAGE = 1_000;

/** Entries as lines of text, the oldest first, page by page: memory does not grow with the log. */
export async function* exportAudit(
  db: Queryable,
  query: AuditQuery,
  format: ExportFormat,
): AsyncGenerator<string> {
  if (format === "csv") yield `${COLUMNS.join(",")}\r\n`;
  let after: string | undefined;
  do {
    const page = await queryAudit(db, query, {
      limit: PAGE,
      oldestFirst: true,
      ...(after === undefined ? {} : { after }),
    });
    for (const record of page.records) yield format === "csv" ? csvLine(record) : jsonLine(record);
    after = page.next ?? undefined;
  } while (after !== undefined);
}

function jsonLine(record: AuditRecord): string {
  const { time, body, ...rest } = record;
  return `${canonical({ ...rest, time: new Date(time).toISOString(), body })}\n`;
}

const COLUMNS = [
  "time",
  "index",
  "id",
  "type",
  "label",
  "severity",
  "address",
  "user",
  "resource",
  "body",
] as const;

/** RFC 4180. A cell that a spreadsheet would take for a formula is led by an apostrophe. */
function csvLine(record: AuditRecord): string {
  const cells = [
    new Date(record.time).toISOString(),
    String(record.index ?? ""),
    record.id,
    record.type,
    record.label,
    record.severity ?? "",
    record.address ?? "",
    textAt(record.body, "actor", "userId"),
    [textAt(record.body, "resource", "type"), textAt(record.body, "resource", "id")]
      .filter(Boolean)
      .join(" "),
    canonical(record.body),
  ];
  return `${cells.map(cell).join(",")}\r\n`;
}

function cell(text: string): string {
  const shown = visible(text);
  const guarded = /^[=+\-@\t\r]/.test(shown) ? `'${shown}` : shown;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

function textAt(body: Json, group: string, member: string): string {
  const value = (body as Record<string, Record<string, Json> | undefined>)[group]?.[member];
  return typeof value === "string" ? value : "";
}
