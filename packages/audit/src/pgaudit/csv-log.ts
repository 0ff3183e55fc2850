/**
 * What pgAudit says was done in the database: the lines it writes into PostgreSQL's CSV log, as a second source beside ours.
 * It also sees what goes around the application; it is no proof: it is not in the transaction, and can be lost or cut.
 */

export interface PgAuditStatement {
  /** As the server wrote it. */
  readonly time: string;
  readonly user: string;
  readonly database: string;
  readonly application: string;
  readonly session: string;
  /** Lower half of the transaction's number; null where the log tells of it only before it got one. */
  readonly transaction: number | null;
  /** `session`: of a class that is watched; `object`: of an object whose grants to pgAudit's role say so. */
  readonly kind: "session" | "object";
  /** `READ`, `WRITE`, `ROLE`, `DDL`, … */
  readonly statementClass: string;
  readonly command: string;
  /** Empty where there is none. */
  readonly objectType: string;
  readonly objectName: string;
  readonly statement: string;
}

/** Columns of the CSV log since PostgreSQL 14 (documentation, 20.8.4). */
const COLUMN = {
  time: 0,
  user: 1,
  database: 2,
  session: 5,
  virtual: 9,
  transaction: 10,
  message: 13,
  application: 22,
};
const PREFIX = "AUDIT: ";

/** Every line of pgAudit's in the text, in order; lines of others, and a last line cut short, are passed over. */
export function parsePgAudit(csv: string): PgAuditStatement[] {
  const records = [...csvRecords(csv)];
  const transactions = new Map<string, number>();
  for (const fields of records) {
    const number = Number(fields[COLUMN.transaction] ?? 0);
    if (number > 0) transactions.set(within(fields), number);
  }
  return records.flatMap((fields) => toStatement(fields, transactions.get(within(fields)) ?? null) ?? []);
}

/** A transaction gets its number with its first write, which is told of before: its virtual number joins the two. */
function within(fields: readonly string[]): string {
  return `${fields[COLUMN.session]} ${fields[COLUMN.virtual]}`;
}

function toStatement(fields: readonly string[], transaction: number | null): PgAuditStatement | null {
  const message = fields[COLUMN.message];
  if (!message?.startsWith(PREFIX)) return null;
  const [said] = csvRecords(`${message.slice(PREFIX.length)}\n`);
  const [kind, , , statementClass, command, objectType, objectName, statement] = said ?? [];
  if ((kind !== "SESSION" && kind !== "OBJECT") || statement === undefined) return null;
  const at = (column: number): string => fields[column] ?? "";
  return {
    time: at(COLUMN.time),
    user: at(COLUMN.user),
    database: at(COLUMN.database),
    application: at(COLUMN.application),
    session: at(COLUMN.session),
    transaction,
    kind: kind === "SESSION" ? "session" : "object",
    statementClass: statementClass ?? "",
    command: command ?? "",
    objectType: objectType ?? "",
    objectName: objectName ?? "",
    statement,
  };
}

/** RFC 4180, one pass. Only whole records: what follows the last line break is not one yet. */
function* csvRecords(text: string): Generator<string[]> {
  let fields: string[] = [];
  let at = 0;
  while (at < text.length) {
    const field = readField(text, at);
    if (field === null) return;
    fields.push(field.value);
    at = field.end + 1;
    if (text[field.end] === ",") continue;
    yield fields;
    fields = [];
  }
}

function readField(text: string, start: number): { value: string; end: number } | null {
  if (text[start] === '"') return readQuoted(text, start + 1);
  let end = start;
  while (end < text.length && text[end] !== "," && text[end] !== "\n") end += 1;
  return end === text.length ? null : { value: text.slice(start, end), end };
}

function readQuoted(text: string, start: number): { value: string; end: number } | null {
  let close = text.indexOf('"', start);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (close < 0 || close + 1 >= text.length) return null;
  return { value: text.slice(start, close).replaceAll('""', '"'), end: close + 1 };
}
