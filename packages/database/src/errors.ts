import { CodedError, hasCode } from "@rempart/kernel";

export type DatabaseErrorCode =
  /** The server cannot be reached, is starting or stopping, or cut the connection. Whether the statement took effect is unknown only for a COMMIT: see `commit-unknown`. */
  | "unavailable"
  /** No connection was free in time. */
  | "pool-exhausted"
  /** The server cancelled a statement or a lock wait that took too long. */
  | "timeout"
  | "unique-violation"
  | "foreign-key-violation"
  | "check-violation"
  | "not-null-violation"
  | "exclusion-violation"
  /** A concurrent transaction won (40001) or a deadlock was broken (40P01), in every allowed attempt. */
  | "serialization"
  /** The connection was lost while COMMIT was under way: the transaction may or may not have taken effect. */
  | "commit-unknown"
  /** A statement of the transaction had failed and its error was swallowed, so COMMIT became a rollback. */
  | "transaction-aborted"
  | "disk-full"
  /** The server takes no writes: a standby, or a read-only transaction. */
  | "read-only"
  | "too-many-connections"
  | "permission-denied"
  | "wrong-credentials"
  | "database-missing"
  /** A value does not fit: text that is not UTF-8, a number out of range, a wrong representation. */
  | "invalid-value"
  /** An `int8` or `numeric` beyond what a JavaScript number holds exactly. */
  | "unsafe-integer"
  /** The statement itself is wrong: our mistake. */
  | "invalid-statement"
  | "out-of-memory"
  | "corrupt-data"
  | "closed"
  /** Any other error of the server; `details.sqlState` says which. */
  | "other"
  /** A migration file was changed after it had been applied. */
  | "migration-edited"
  /** An applied migration file is no longer there. */
  | "migration-missing"
  /** A new migration sorts before one that was already applied. */
  | "migration-out-of-order"
  /** A migration directory or file cannot be used: unreadable, wrongly named, empty, too large. */
  | "migration-invalid"
  /** A statement of a migration failed; nothing of its file was kept unless it opted out of the transaction. */
  | "migration-failed"
  /** The embedded server's programs are missing or cannot be run here. */
  | "binaries-unusable"
  /** Another live process serves this data directory. */
  | "already-running"
  | "version-mismatch"
  /** The data directory is not whole. */
  | "damaged-directory"
  | "wrong-owner"
  /** Running as root, and there is no ordinary account to run the server under. */
  | "no-account"
  /** The embedded server did not start; `cause` holds its last words. */
  | "start-failed"
  | "stop-failed"
  /** The embedded server kept crashing and was given up. */
  | "crashed";

/** `details` may hold `sqlState`, `constraint`, `table`, `column`: names of the schema, never a row's values. */
export class DatabaseError extends CodedError<DatabaseErrorCode> {}

export function isDatabaseError(error: unknown, code: DatabaseErrorCode): error is DatabaseError {
  return error instanceof DatabaseError && hasCode(error, code);
}

/** True for a violated unique constraint; with `constraint`, for that one only. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return isConstraintViolation(error, "unique-violation", constraint);
}

export function isForeignKeyViolation(error: unknown, constraint?: string): boolean {
  return isConstraintViolation(error, "foreign-key-violation", constraint);
}

export function isCheckViolation(error: unknown, constraint?: string): boolean {
  return isConstraintViolation(error, "check-violation", constraint);
}

/** True when trying again later may work: the database was away, busy or slow, and nothing was wrong with the request. */
export function isTransient(error: unknown): boolean {
  return error instanceof DatabaseError && TRANSIENT.has(error.code);
}

const TRANSIENT: ReadonlySet<DatabaseErrorCode> = new Set([
  "unavailable",
  "pool-exhausted",
  "timeout",
  "serialization",
  "too-many-connections",
]);

function isConstraintViolation(error: unknown, code: DatabaseErrorCode, constraint?: string): boolean {
  if (!isDatabaseError(error, code)) return false;
  return constraint === undefined || error.details.constraint === constraint;
}
