import pg from "pg";
import { DatabaseError, type DatabaseErrorCode } from "../errors.ts";

/**
 * PostgreSQL's SQLSTATE codes (PostgreSQL 18 documentation, appendix A) as ours. Whole classes are keyed by their first
 * two characters; a full code wins over its class.
 */
const SQL_STATES: Readonly<Record<string, DatabaseErrorCode>> = {
  "08": "unavailable",
  "22": "invalid-value",
  "23502": "not-null-violation",
  "23503": "foreign-key-violation",
  "23505": "unique-violation",
  "23514": "check-violation",
  "23P01": "exclusion-violation",
  "25006": "read-only",
  "25P03": "timeout",
  "25P04": "timeout",
  "28": "wrong-credentials",
  "3D000": "database-missing",
  "40001": "serialization",
  "40P01": "serialization",
  "42": "invalid-statement",
  "42501": "permission-denied",
  "53100": "disk-full",
  "53200": "out-of-memory",
  "53300": "too-many-connections",
  "54": "invalid-statement",
  "55P03": "timeout",
  "57014": "timeout",
  "57P01": "unavailable",
  "57P02": "unavailable",
  "57P03": "unavailable",
  "57P05": "unavailable",
  XX001: "corrupt-data",
  XX002: "corrupt-data",
};

/** What Node says when there is nobody to talk to (`errno` names) or nobody any more. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** `pg` gives these no code, only a text. */
const LOST_CONNECTION =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired)/;
const POOL_EXHAUSTED = /^timeout exceeded when trying to connect/;
const QUERY_TIMED_OUT = /^Query read timeout/;
const POOL_CLOSED = /^Cannot use a pool after calling end/;

/** Any error of a query or a connection as a `DatabaseError`; one that is none of the database's is returned as it is. */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof DatabaseError || !(error instanceof Error)) return error;
  if (error instanceof pg.DatabaseError) return fromServer(error);
  const code = codeOfDriverError(error);
  return code === undefined ? error : new DatabaseError(code, MESSAGES[code], { cause: error });
}

function fromServer(error: pg.DatabaseError): DatabaseError {
  const sqlState = error.code ?? "";
  const code = SQL_STATES[sqlState] ?? SQL_STATES[sqlState.slice(0, 2)] ?? "other";
  return new DatabaseError(code, `PostgreSQL: ${error.message}`, {
    cause: error,
    details: detailsOf(error, sqlState),
  });
}

function detailsOf(error: pg.DatabaseError, sqlState: string): Record<string, unknown> {
  const { constraint, table, column } = error;
  const details = { sqlState, constraint, table, column };
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
}

type DriverCode = "pool-exhausted" | "closed" | "timeout" | "unavailable";

const MESSAGES: Readonly<Record<DriverCode, string>> = {
  "pool-exhausted": "No database connection was free in time",
  closed: "The database is closed",
  timeout: "The database did not answer in time",
  unavailable: "The database cannot be reached",
};

function codeOfDriverError(error: Error): DriverCode | undefined {
  if (POOL_EXHAUSTED.test(error.message)) return "pool-exhausted";
  if (QUERY_TIMED_OUT.test(error.message)) return "timeout";
  if (POOL_CLOSED.test(error.message)) return "closed";
  if (LOST_CONNECTION.test(error.message) || NETWORK_CODES.has(networkCode(error))) return "unavailable";
  return undefined;
}

function networkCode(error: Error): string {
  const source = error instanceof AggregateError ? error.errors[0] : error;
  return typeof source?.code === "string" ? source.code : "";
}

/** True when the connection that gave this error cannot be used again. */
export function breaksConnection(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return true;
  return error.severity === "FATAL" || error.severity === "PANIC";
}
