import { timeLimit } from "@rempart/runtime";
import pg from "pg";
import type { PoolStats } from "./ports.ts";
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

export interface Connections {
  lease(): Promise<Lease>;
  stats(): PoolStats;
  close(): Promise<void>;
}

/**
 * `pg`'s pool with its sharp edges filed off: an error of the server does not cost the connection, an error of a connection
 * nobody waits on is reported instead of thrown at the process, and every error arrives as a `DatabaseError`.
 */
export function createConnections(config: pg.PoolConfig, onError: (error: unknown) => void): Connections {
  const pool = new pg.Pool(config);
  const end = poolEnd(pool);
  pool.on("error", (error) => onError(toDatabaseError(error)));
  let closing: Promise<void> | undefined;
  return {
    async lease() {
      try {
        return leaseOf(await pool.connect(), onError);
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
      closing ??= end();
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

function leaseOf(client: pg.PoolClient, onError: (error: unknown) => void): Lease {
  let broken = false;
  // Without a listener, the loss of a connection between two statements would end the process.
  const onLoss = (error: Error): void => {
    broken = true;
    onError(toDatabaseError(error));
  };
  client.on("error", onLoss);
  return {
    async run(text, values = [], { name, patienceMs } = {}) {
      try {
        return await client.query({
          text,
          values: [...values],
          ...(name === undefined ? {} : { name }),
          ...(patienceMs === undefined ? {} : { query_timeout: patienceMs }),
        });
      } catch (error) {
        broken ||= breaksConnection(error);
        throw toDatabaseError(error);
      }
    },
    release(close = false) {
      client.off("error", onLoss);
      client.release(broken || close);
    },
  };
}
