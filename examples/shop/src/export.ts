/** Every order line as a download, of any size, that goes on where it broke off. */
import { pipeline } from "node:stream/promises";
import { type Database, type ExportCompression, exportRows } from "@rempart/database";
import type { Request, Response } from "express";

const SELECT = `
  SELECT l.order_id * 1000 + l.line AS row, o.placed_at, o.status, l.order_id, l.product_id, l.quantity, l.price_cents
  FROM order_lines l JOIN orders o ON o.id = l.order_id`;

const TYPES = { csv: "text/csv; charset=utf-8", jsonl: "application/jsonl" } as const;

export interface ExportAsked {
  readonly format: keyof typeof TYPES;
  /** `row` of the last line that arrived. */
  readonly after?: number | undefined;
}

export async function exportOrderLines(
  database: Database,
  { format, after }: ExportAsked,
  request: Request,
  response: Response,
): Promise<void> {
  const compression = codingFor(request);
  response.type(TYPES[format]).attachment(`order-lines.${format}`).vary("Accept-Encoding");
  if (compression !== "none") response.set("Content-Encoding", compression);
  const resumed = after === undefined ? {} : { after: String(after) };
  await pipeline(
    exportRows({ database, select: SELECT, key: "row", format, compression, ...resumed }),
    response,
  );
}

function codingFor(request: Request): ExportCompression {
  const accepted = request.acceptsEncodings(["zstd", "gzip", "identity"]);
  return accepted === "zstd" || accepted === "gzip" ? accepted : "none";
}
