import type { Kysely } from "kysely";

export interface QueryOptions {
  /** Prepares the statement under this name, once per connection. One name must always stand for one text. */
  name?: string;
}

export interface Queryable {
  /** The rows. Parameters are `$1`, `$2`, …; values never become part of the text. Throws `DatabaseError`. */
  query<Row extends object>(
    text: string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<Row[]>;
}

export interface Column {
  readonly name: string;
  /** As PostgreSQL names it, such as `bigint` or `timestamp with time zone`; of any length. */
  readonly type: string;
}

/** One connection, held for several statements. */
export interface Session extends Queryable {
  /** What a SELECT answers, without running it. */
  columns(select: string): Promise<Column[]>;
  /** The bytes of `COPY … TO STDOUT`, as fast as they are taken. Nothing else may run meanwhile; throws `DatabaseError`. */
  copyOut(text: string): AsyncIterable<Uint8Array>;
}

export type Isolation = "read committed" | "repeatable read" | "serializable";

export interface TransactionOptions {
  /** `read committed` unless told. */
  isolation?: Isolation;
  readOnly?: boolean;
  /** How often the work may run in all when a concurrent transaction wins; 5 unless told. */
  attempts?: number;
}

export interface Transaction extends Queryable {
  /** A Kysely whose statements run in this transaction. */
  kysely<Schema>(): Promise<Kysely<Schema>>;
}

/**
 * Told of each statement as it is sent, and by what it answers, how it ended. `name` is a prepared statement's. Values are never
 * among what it is told. Must not throw.
 */
export type StatementTracer = (text: string, name: string | undefined) => (error?: unknown) => void;

export interface PoolStats {
  /** Open connections, idle ones included. */
  total: number;
  idle: number;
  /** Callers waiting for a connection. */
  waiting: number;
  max: number;
}

export interface Database extends Queryable {
  /**
   * Runs `work` in a transaction: commits when it resolves, rolls back when it rejects. After 40001 or 40P01 the whole work
   * runs again, so it must have no effect outside the transaction. A connection lost during COMMIT is `commit-unknown` and
   * never repeated; of a read-only transaction it is `unavailable`: nothing was to happen.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * One connection for the whole of `work`, without a statement time-out, closed afterwards whatever happened: for session
   * locks, settings and maintenance. Not for requests, and behind a pooler for one transaction, within the limits of the role.
   */
  session<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** A Kysely over the same connections. It is loaded by the first who asks. */
  kysely<Schema>(): Promise<Kysely<Schema>>;
  /** Resolves when a connection is to be had and answers. */
  ping(): Promise<void>;
  stats(): PoolStats;
  /**
   * Connects with another address from now on, for a rotated password: no statement fails for it. What runs on a connection of
   * before ends there. Rejects, and changes nothing, when the new address does not answer or refuses.
   */
  switchTo(url: string): Promise<void>;
  /** Waits for the connections in use, then closes all. Later calls return the first one's promise. */
  close(): Promise<void>;
}
