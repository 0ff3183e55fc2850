import { type Random, systemRandom } from "@rempart/kernel";
import type pg from "pg";
import { type Connections, createConnections, type Lease } from "./connections.ts";
import type { Column, Database, Queryable, QueryOptions, Session, StatementTracer } from "./ports.ts";
import { runTransaction } from "./transaction.ts";
import { valueTypes } from "./values.ts";

export interface DatabaseOptions {
  /**
   * `postgres://user:password@host:port/database`; a Unix socket's directory as `?host=/path`. With `?pgbouncer=true` no statement
   * is prepared by name, as a PgBouncer older than 1.21 needs it.
   */
  url: string;
  /** Connections at most; 10 unless told. */
  poolSize?: number;
  /** Milliseconds to wait for a connection, a new one or a free one; 5,000 unless told. */
  connectTimeoutMs?: number;
  /** Milliseconds one statement may run; 15,000 unless told. The server cancels it. */
  statementTimeoutMs?: number;
  /** Milliseconds until an unused connection is closed; 30,000 unless told. */
  idleTimeoutMs?: number;
  /** Shown in `pg_stat_activity`. */
  applicationName?: string;
  /** Told when a connection is lost that no caller is waiting on. The pool replaces it by itself. */
  onError?: (error: unknown) => void;
  /** Told of every statement; none when absent. */
  trace?: StatementTracer;
  /** For the jitter between attempts of a transaction. */
  random?: Random;
}

/** A transaction whose owner has gone quiet holds locks: the server ends it after this long. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** A server that is frozen or unreachable cannot cancel: the client gives up this long after the server should have. */
const CLIENT_PATIENCE_MS = 5_000;

/** Opens no connection yet: the first query does. */
export function createDatabase(options: DatabaseOptions): Database {
  const connections = createConnections(poolConfig(options), options.onError ?? (() => {}), options.trace);
  const random = options.random ?? systemRandom;
  const query: Database["query"] = (text, values, settings) => runOne(connections, text, values, settings);
  return {
    query,
    transaction: (work, settings) => runTransaction(connections, random, work, settings),
    session: (work) => runSession(connections, work),
    kysely: async () =>
      (await import("./kysely.ts")).kyselyOver({ lease: connections.lease, inTransaction: false }),
    async ping() {
      await query("SELECT 1");
    },
    stats: connections.stats,
    switchTo: (url) => connections.switchTo(poolConfig({ ...options, url })),
    close: connections.close,
  };
}

async function runOne<Row extends object>(
  connections: Connections,
  text: string,
  values?: readonly unknown[],
  options?: QueryOptions,
): Promise<Row[]> {
  const lease = await connections.lease();
  try {
    return (await lease.run(text, values, options)).rows as Row[];
  } finally {
    lease.release();
  }
}

/** The longest a Node timer can wait: as good as no limit. */
const NO_LIMIT_MS = 2 ** 31 - 1;

async function runSession<T>(connections: Connections, work: (session: Session) => Promise<T>): Promise<T> {
  const lease = await connections.lease();
  const query: Queryable["query"] = async <Row extends object>(
    text: string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ) => (await lease.run(text, values, { ...options, patienceMs: NO_LIMIT_MS })).rows as Row[];
  try {
    if (!lease.pooled) await query("SET statement_timeout = 0");
    const columns = (select: string): Promise<Column[]> => columnsOf(lease, select);
    return await work({ query, columns, copyOut: lease.copyOut });
  } finally {
    lease.release(true);
  }
}

async function columnsOf(lease: Lease, select: string): Promise<Column[]> {
  const { fields } = await lease.run(`SELECT * FROM (${select}\n) described LIMIT 0`);
  // Of no length, which a cast would cut to: `character` alone has the length one.
  const { rows } = await lease.run("SELECT format_type(t, -1) AS type FROM unnest($1::oid[]) t", [
    fields.map(({ dataTypeID }) => dataTypeID),
  ]);
  return fields.map(({ name }, index) => ({ name, type: rows[index].type as string }));
}

function poolConfig(options: DatabaseOptions): pg.PoolConfig {
  const statementTimeout = options.statementTimeoutMs ?? 15_000;
  return {
    connectionString: options.url,
    max: options.poolSize ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    statement_timeout: statementTimeout,
    query_timeout: statementTimeout + CLIENT_PATIENCE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    idleTimeoutMillis: options.idleTimeoutMs ?? 30_000,
    application_name: options.applicationName ?? "rempart",
    keepAlive: true,
    types: valueTypes,
  };
}
