import { timeLimit } from "@rempart/runtime";
import pg from "pg";
import { DatabaseError } from "../errors.ts";
import { CopyQuery } from "./copy-out.ts";
import type { PoolStats, StatementTracer } from "./ports.ts";
import { breaksConnection, toDatabaseError } from "./server-errors.ts";

export interface RunOptions {
  name?: string;
  /** Milliseconds the client waits for the answer, instead of the pool's own limit. */
  patienceMs?: number;
}

/** One connection, held by one caller until it is released. */
export interface Lease {
  /** Rejects with a `DatabaseError`. After an error that broke the connection, `release` closes it. */
  run(text: string, values?: readonly unknown[], options?: RunOptions): Promise<pg.QueryResult>;
  /** Back to the pool; `broken` closes the connection instead. Called exactly once. */
  release(broken?: boolean): void;
}

export interface WholeLease extends Lease {
  /** A pooler may put the next transaction on another connection, and leaves settings of this one to a stranger. */
  readonly pooled: boolean;
  /** The bytes of `COPY … TO STDOUT`, as fast as they are taken. Whoever stops taking them must close the connection. */
  copyOut(text: string): AsyncIterable<Uint8Array>;
}

export interface Connections {
  lease(): Promise<WholeLease>;
  stats(): PoolStats;
  /**
   * From now on leases are connections made with `config`, which is tried first: when it does not connect, rejects and changes
   * nothing. The old connections end as they are released.
   */
  switchTo(config: pg.PoolConfig): Promise<void>;
  close(): Promise<void>;
}

const nothing = (): void => {};
const untraced: StatementTracer = () => nothing;

/** The pool in use, and those that wait for their last lease. */
export function createConnections(
  config: pg.PoolConfig,
  onError: (error: unknown) => void,
  trace: StatementTracer = untraced,
): Connections {
  let current = openPool(config, onError, trace);
  const leaving = new Set<Pool>();
  let closing: Promise<unknown> | undefined;

  async function switchTo(changed: pg.PoolConfig): Promise<void> {
    const fresh = openPool(changed, onError, trace);
    try {
      await probe(fresh);
      if (closing !== undefined) throw new DatabaseError("closed", "the database was closed");
    } catch (error) {
      await fresh.close();
      throw error;
    }
    const old = current;
    current = fresh;
    leaving.add(old);
    old.close().then(() => leaving.delete(old), onError);
  }

  return {
    lease: () => current.lease(),
    stats: () => addUp([current, ...leaving].map((pool) => pool.stats())),
    switchTo,
    async close() {
      closing ??= Promise.all([current, ...leaving].map((pool) => pool.close()));
      await closing;
    },
  };
}

async function probe(pool: Pool): Promise<void> {
  const lease = await pool.lease();
  try {
    await lease.run("SELECT 1");
  } finally {
    lease.release();
  }
}

function addUp([current, ...leaving]: readonly PoolStats[]): PoolStats {
  const sum = { total: 0, idle: 0, waiting: 0, max: 0, ...current };
  for (const { total, idle, waiting } of leaving) {
    sum.total += total;
    sum.idle += idle;
    sum.waiting += waiting;
  }
  return sum;
}

interface Pool {
  lease(): Promise<WholeLease>;
  stats(): PoolStats;
  /** Everybody who waits is served first. */
  close(): Promise<void>;
}

/**
 * `pg`'s pool with its sharp edges filed off: an error of the server does not cost the connection, an error of a connection
 * nobody waits on is reported instead of thrown at the process, and every error arrives as a `DatabaseError`.
 */
function openPool(config: pg.PoolConfig, onError: (error: unknown) => void, trace: StatementTracer): Pool {
  const pool = new pg.Pool(config);
  const end = poolEnd(pool);
  const pooled = isPooled(config);
  pool.on("error", (error) => onError(toDatabaseError(error)));
  const asking = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  function connect(): Promise<pg.PoolClient> {
    const connecting = pool.connect();
    asking.add(connecting);
    const done = (): void => void asking.delete(connecting);
    connecting.then(done, done);
    return connecting;
  }

  return {
    async lease() {
      try {
        return leaseOf(await connect(), { onError, trace, pooled });
      } catch (error) {
        throw toDatabaseError(error);
      }
    },
    stats: () => ({
      total: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
      max: config.max ?? 0,
    }),
    close() {
      // A pool that is ending forgets whoever waits for a connection.
      closing ??= Promise.allSettled(asking).then(end);
      return closing;
    },
  };
}

/** A server that has gone silent does not confirm the end of a connection. */
const END_PATIENCE_MS = 2_000;

/**
 * Ends a pool and waits until its connections are gone, which `pool.end()` does not: a server that is stopped right after
 * it would cut them. Made before the first connection, to count them all.
 */
function poolEnd(pool: pg.Pool): () => Promise<void> {
  let open = 0;
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  pool.on("connect", () => {
    open += 1;
  });
  pool.on("remove", () => {
    open -= 1;
    if (open === 0 && pool.ending) resolve();
  });
  return async () => {
    await pool.end();
    if (open > 0) await timeLimit(gone, END_PATIENCE_MS);
  };
}

function isPooled({ connectionString = "" }: pg.PoolConfig): boolean {
  return /[?&]pgbouncer=true(?:&|$)/.test(connectionString);
}

interface LeaseSettings {
  readonly onError: (error: unknown) => void;
  readonly trace: StatementTracer;
  readonly pooled: boolean;
}

function leaseOf(client: pg.PoolClient, { onError, trace, pooled }: LeaseSettings): WholeLease {
  let broken = false;
  // Without a listener, the loss of a connection between two statements would end the process.
  const onLoss = (error: Error): void => {
    broken = true;
    onError(toDatabaseError(error));
  };
  client.on("error", onLoss);
  return {
    pooled,
    async run(text, values = [], { name, patienceMs } = {}) {
      const ended = trace(text, name);
      try {
        const result = await client.query({
          text,
          values: [...values],
          ...(name === undefined || pooled ? {} : { name }),
          ...(patienceMs === undefined ? {} : { query_timeout: patienceMs }),
        });
        ended();
        return result;
      } catch (error) {
        broken ||= breaksConnection(error);
        const translated = toDatabaseError(error);
        ended(translated);
        throw translated;
      }
    },
    async *copyOut(text) {
      const ended = trace(text, undefined);
      try {
        yield* client.query(new CopyQuery(text));
        ended();
      } catch (error) {
        broken ||= breaksConnection(error);
        const translated = toDatabaseError(error);
        ended(translated);
        throw translated;
      }
    },
    release(close = false) {
      client.off("error", onLoss);
      client.release(broken || close);
    },
  };
}
