import { pipeline } from "node:stream";
import { createGzip, createZstdCompress } from "node:zlib";
import { DatabaseError } from "../errors.ts";
import type { Database, Session } from "../pool/ports.ts";
import { JsonRows, type RowFrame } from "./json-rows.ts";
import { copyPage, type ExportFormat, type ExportSource, jsonColumns, lastKey, pageEnd } from "./select.ts";

export type ExportCompression = "none" | "gzip" | "zstd";

export interface ExportProgress {
  /** Of the last row of the pages that were taken whole: where an export that broke off goes on. */
  readonly key: string;
  /** In this page. */
  readonly rows: number;
}

export interface ExportOptions {
  readonly database: Database;
  /** A SELECT without parameters, written by the program: it is part of the statement. Its column names differ. */
  readonly select: string;
  /** A column that is unique, never null, and indexed where that matters: pages go by it. */
  readonly key: string;
  readonly format: ExportFormat;
  /** Each page is a gzip member or a zstd frame of its own: joined they are one file, also after a resumption. */
  readonly compression?: ExportCompression;
  /** Goes on after the row with this key, without a header. Not with `json`, which is one array. */
  readonly after?: string;
  /** Default 50,000. */
  readonly pageRows?: number;
  /** Milliseconds that a reader may let pass between two parts, since it holds a connection and old rows; 60,000 unless told. */
  readonly patienceMs?: number;
  readonly onPage?: (progress: ExportProgress) => void;
}

const PAGE_ROWS = 50_000;
const PATIENCE_MS = 60_000;

/** What ends a page of lines ends its last line; an array goes on. */
const ROW_FRAMES: Record<"json" | "jsonl", RowFrame> = {
  json: { between: ",\n", after: "" },
  jsonl: { between: "", after: "\n" },
};

/**
 * Rows as CSV (RFC 4180, safe to open in a spreadsheet), as one JSON array, or as a JSON value a line: as fast as they are
 * taken, in memory that does not depend on how many there are. All pages are of one moment of the database; what is resumed
 * is of a later one. Stopping early ends the statement. Throws `DatabaseError`.
 */
export async function* exportRows(options: ExportOptions): AsyncGenerator<Uint8Array> {
  const { format, after, pageRows = PAGE_ROWS, patienceMs = PATIENCE_MS } = options;
  if (format === "json" && after !== undefined)
    throw new TypeError("a JSON array cannot be resumed: use jsonl");
  if (!Number.isInteger(pageRows) || pageRows < 1) throw new TypeError("pageRows is at least 1");
  yield* inSession(options.database, patienceMs, (session) => pages(session, options));
}

/** A session whose work is a stream: it ends when the stream is done, no longer wanted, or not taken for so long. */
async function* inSession<T>(
  database: Database,
  patienceMs: number,
  work: (session: Session) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const opened = Promise.withResolvers<Session>();
  const finished = Promise.withResolvers<void>();
  const session = database.session((given) => {
    opened.resolve(given);
    return finished.promise;
  });
  session.catch(opened.reject);
  try {
    for await (const part of work(await opened.promise)) {
      let tooLong = false;
      const timer = setTimeout(() => {
        tooLong = true;
        finished.resolve();
      }, patienceMs);
      try {
        yield part;
      } finally {
        clearTimeout(timer);
      }
      if (tooLong) throw new DatabaseError("timeout", `nothing was taken for ${patienceMs} ms`);
    }
  } finally {
    finished.resolve();
    await session.catch(() => undefined);
  }
}

async function* pages(session: Session, options: ExportOptions): AsyncGenerator<Uint8Array> {
  const { format, compression = "none", after = null, pageRows = PAGE_ROWS, onPage } = options;
  await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  // In the transaction alone: behind a pooler a session keeps the limit of the role.
  await session.query("SET LOCAL statement_timeout = 0");
  const source = await describe(session, options);
  const end = await keyOf(session, lastKey(source));
  const rows = format === "csv" ? null : new JsonRows(jsonColumns(source), ROW_FRAMES[format]);
  let from = after;
  for (let taken = 1, last = false; !last; taken += 1) {
    const upTo: string | null = (await keyOf(session, pageEnd(source, from, pageRows))) ?? end;
    last = upTo === end;
    const first = taken === 1 && after === null;
    const copy = session.copyOut(copyPage(source, format, { after: from, upTo }, first));
    const lines = rows === null ? copy : written(copy, rows);
    yield* compressed(format === "json" ? array(lines, { first, last }) : lines, compression);
    if (upTo !== null) onPage?.({ key: upTo, rows: copy.rows });
    from = upTo;
  }
  await session.query("COMMIT");
}

async function describe(session: Session, { select, key }: ExportOptions): Promise<ExportSource> {
  const columns = await session.columns(select);
  const found = columns.find(({ name }) => name === key);
  if (found === undefined) throw new DatabaseError("invalid-statement", `the export has no column ${key}`);
  return { select, columns, key: found };
}

async function keyOf(session: Session, statement: string): Promise<string | null> {
  const [row] = await session.query<{ key: string | null }>(statement);
  if (row?.key === null)
    throw new DatabaseError("invalid-value", "the key of the export is null in some row");
  return row?.key ?? null;
}

async function* written(copy: AsyncIterable<Uint8Array>, rows: JsonRows): AsyncGenerator<Uint8Array> {
  for await (const part of copy) yield rows.write(part);
}

async function* array(
  elements: AsyncIterable<Uint8Array>,
  { first, last }: { readonly first: boolean; readonly last: boolean },
): AsyncGenerator<Uint8Array> {
  if (first) yield Buffer.from("[\n");
  yield* elements;
  if (last) yield Buffer.from("\n]\n");
}

async function* compressed(
  text: AsyncIterable<Uint8Array>,
  compression: ExportCompression,
): AsyncGenerator<Uint8Array> {
  if (compression === "none") return yield* text;
  const coder = compression === "gzip" ? createGzip() : createZstdCompress();
  // What goes wrong in either comes out of the coder.
  pipeline(text, coder, () => undefined);
  yield* coder;
}
