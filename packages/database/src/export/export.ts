import { pipeline } from "node:stream";
import { createGzip, createZstdCompress } from "node:zlib";
import { DatabaseError } from "../errors.ts";
import type { Database, Session } from "../pool/ports.ts";
import type { CopyRows } from "./copy-rows.ts";
import {
  around,
  copyPage,
  type ExportFormat,
  type ExportSource,
  holdsKey,
  keyAt,
  nullKey,
  rowsOf,
} from "./select.ts";

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
  // In the transaction alone: behind a pooler a session keeps what the role has.
  await session.query("SET LOCAL statement_timeout = 0");
  await session.query("SET LOCAL datestyle = ISO");
  const source = await describe(session, options);
  const rows = rowsOf(source, format);
  const { before, behind } = around(source, format);
  let key = after;
  for (let full = true; full; ) {
    const taken = rows.rows;
    const isFull = (): boolean => rows.rows - taken === pageRows;
    const page = written(session.copyOut(copyPage(source, format, key, pageRows)), rows, {
      before: key === null ? before : "",
      behind: () => (isFull() ? "" : behind),
    });
    yield* compressed(page, compression);
    full = isFull();
    const count = rows.rows - taken;
    if (count === 0) continue;
    key = holdsKey(source, format) ? rows.lastKey() : await askKey(session, keyAt(source, key, count));
    onPage?.({ key, rows: count });
  }
  await session.query("COMMIT");
}

async function describe(session: Session, { select, key }: ExportOptions): Promise<ExportSource> {
  const columns = await session.columns(select);
  const found = columns.find(({ name }) => name === key);
  if (found === undefined) throw new DatabaseError("invalid-statement", `the export has no column ${key}`);
  const source = { select, columns, key: found };
  if ((await session.query(nullKey(source))).length > 0)
    throw new DatabaseError("invalid-value", "the key of the export is null in some row");
  return source;
}

async function askKey(session: Session, statement: string): Promise<string> {
  const [row] = await session.query<{ key: string }>(statement);
  return (row as { key: string }).key;
}

interface Around {
  readonly before: string;
  /** Asked once the rows are known. */
  readonly behind: () => string;
}

async function* written(
  copy: AsyncIterable<Uint8Array>,
  rows: CopyRows,
  { before, behind }: Around,
): AsyncGenerator<Uint8Array> {
  if (before !== "") yield Buffer.from(before);
  for await (const part of copy) yield rows.write(part);
  if (behind() !== "") yield Buffer.from(behind());
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
