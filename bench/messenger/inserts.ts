/**
 * The rates of the database itself, which acknowledged messages are compared with: the same PostgreSQL, the same core,
 * rows of the size a message's row has, durable (fsync on), one statement a transaction.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import pg from "pg";

export interface InsertRates {
  /** One row a transaction, one connection, one in flight. */
  single: number;
  /** One row a transaction, 64 connections. */
  connections64: number;
  /** 64 callers whose rows one flusher inserts together with `unnest`. */
  group64: number;
}

const TABLE = "bench_rows";

export async function measureInserts(url: string, bodyBytes: number, seconds: number): Promise<InsertRates> {
  const pool = new pg.Pool({ connectionString: url, max: 64 });
  try {
    await pool.query(`DROP TABLE IF EXISTS ${TABLE}`);
    await pool.query(
      `CREATE TABLE ${TABLE} (id uuid PRIMARY KEY, conversation_id uuid NOT NULL, seq bigint NOT NULL, sender_id uuid NOT NULL,
         device_id uuid NOT NULL, body bytea NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (conversation_id, seq))`,
    );
    const body = randomBytes(bodyBytes);
    const single = await singleRows(pool, body, 1, seconds);
    const connections64 = await singleRows(pool, body, 64, seconds);
    const group64 = await groupedRows(pool, body, 64, seconds);
    return { single, connections64, group64 };
  } finally {
    await pool.query(`DROP TABLE IF EXISTS ${TABLE}`).catch(() => undefined);
    await pool.end();
  }
}

async function singleRows(pool: pg.Pool, body: Buffer, callers: number, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let rows = 0;
  const caller = async () => {
    const conversation = randomUUID();
    for (let seq = 1; performance.now() < end; seq += 1) {
      await pool.query({
        name: "bench-insert",
        text: `INSERT INTO ${TABLE} (id, conversation_id, seq, sender_id, device_id, body) VALUES ($1, $2, $3, $2, $2, $4)`,
        values: [randomUUID(), conversation, seq, body],
      });
      rows += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return rows / seconds;
}

interface Waiting {
  readonly values: readonly [string, string, number];
  readonly done: () => void;
}

/** What a program does that has nothing else to do: collect while a flush is under way, then flush what is there. */
async function groupedRows(pool: pg.Pool, body: Buffer, callers: number, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let waiting: Waiting[] = [];
  let flushing = false;
  let rows = 0;

  const flush = async () => {
    if (flushing) return;
    flushing = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await pool.query({
        name: "bench-group",
        text: `INSERT INTO ${TABLE} (id, conversation_id, seq, sender_id, device_id, body)
               SELECT id, conversation_id, seq, conversation_id, conversation_id, body
               FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[]) AS t(id, conversation_id, seq, body)`,
        values: [
          batch.map((row) => row.values[0]),
          batch.map((row) => row.values[1]),
          batch.map((row) => row.values[2]),
          batch.map(() => body),
        ],
      });
      rows += batch.length;
      for (const row of batch) row.done();
    }
    flushing = false;
  };

  const caller = async () => {
    const conversation = randomUUID();
    for (let seq = 1; performance.now() < end; seq += 1) {
      await new Promise<void>((done) => {
        waiting.push({ values: [randomUUID(), conversation, seq], done });
        setImmediate(flush);
      });
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return rows / seconds;
}
