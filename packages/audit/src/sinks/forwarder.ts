import type { Database, Queryable } from "@rempart/database";
import { type Clock, explain, type Random } from "@rempart/kernel";
import { type Logger, repeat } from "@rempart/runtime";
import { RECORD_COLUMNS, type RecordRow, toRecord } from "../reading/record.ts";
import type { Sink } from "./sink.ts";

export interface ForwarderOptions {
  readonly database: Database;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Entries a write takes at most; 500 unless told. */
  readonly batch?: number;
  /** Milliseconds one write may take; 10,000 unless told. */
  readonly writeMs?: number;
  /** Milliseconds between looks when everything was delivered; 1,000 unless told. */
  readonly everyMs?: number;
  /** The longest pause after failures, in milliseconds; a minute unless told. */
  readonly maxPauseMs?: number;
}

export interface Forwarder {
  /** Delivers what is placed and not delivered yet. Resolves with how many entries; rejects when the sink does. */
  drain(): Promise<number>;
  /** Ends after the write that is under way; its entries are sent again at the next start unless it succeeds. */
  stop(): Promise<void>;
}

type PlacedRow = RecordRow & { leaf_index: number };

const BATCH = 500;
const WRITE_MS = 10_000;
const EVERY_MS = 1_000;
const MAX_PAUSE_MS = 60_000;

/**
 * Carries the log to one sink, in its order, from a place that the database remembers. A sink that is away loses nothing and
 * delays nobody: whoever records does not know of it. Of several processes one at a time carries.
 */
export function startForwarder(options: ForwarderOptions): Forwarder {
  const { sink, log, random, everyMs = EVERY_MS, maxPauseMs = MAX_PAUSE_MS } = options;
  const abort = new AbortController();
  let failures = 0;
  const drain = (): Promise<number> => drainAll(options, abort.signal);
  const attempt = async (): Promise<void> => {
    try {
      await drain();
      if (failures > 0) log.info({ sink: sink.name, failures }, "the audit sink takes entries again");
      failures = 0;
    } catch (error) {
      if (abort.signal.aborted) return;
      if (failures === 0)
        log.warn({ sink: sink.name, error: explain(error) }, "the audit sink takes no entries");
      failures += 1;
    }
  };
  const running = repeat(abort.signal, async () => {
    await attempt();
    return pauseAfter(failures, { everyMs, maxPauseMs, random });
  });
  return {
    drain,
    async stop() {
      abort.abort();
      await running;
      await sink.close?.();
    },
  };
}

/** Doubles with every failure, and is spread so that replicas do not come back in step. */
export function pauseAfter(
  failures: number,
  { everyMs, maxPauseMs, random }: { everyMs: number; maxPauseMs: number; random: Random },
): number {
  if (failures === 0) return everyMs;
  const longest = Math.min(everyMs * 2 ** Math.min(failures, 30), maxPauseMs);
  const share = (random.bytes(1)[0] as number) / 255;
  return longest / 2 + (longest / 2) * share;
}

async function drainAll(options: ForwarderOptions, signal: AbortSignal): Promise<number> {
  let delivered = 0;
  while (!signal.aborted) {
    const count = await deliverBatch(options, signal);
    delivered += count;
    if (count < (options.batch ?? BATCH)) break;
  }
  return delivered;
}

/** The row is locked while the sink writes, so that no other process sends the same; 0 when another has it. */
async function deliverBatch(options: ForwarderOptions, signal: AbortSignal): Promise<number> {
  const { database, sink, clock, batch = BATCH, writeMs = WRITE_MS } = options;
  const now = new Date(clock.now());
  await database.query(
    "INSERT INTO audit_sinks (name, updated_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
    [sink.name, now],
  );
  return database.transaction(
    async (tx) => {
      const [cursor] = await tx.query<{ next_index: number }>(
        "SELECT next_index FROM audit_sinks WHERE name = $1 FOR UPDATE SKIP LOCKED",
        [sink.name],
      );
      if (cursor === undefined) return 0;
      const rows = await placedFrom(tx, cursor.next_index, batch);
      const last = rows.at(-1);
      if (last === undefined) return 0;
      await sink.write(rows.map(toRecord), AbortSignal.any([signal, AbortSignal.timeout(writeMs)]));
      await tx.query("UPDATE audit_sinks SET next_index = $2, updated_at = $3 WHERE name = $1", [
        sink.name,
        last.leaf_index + 1,
        now,
      ]);
      return rows.length;
    },
    { attempts: 1 },
  );
}

/** In the order of the log. An entry that was pruned before it was delivered is passed over. */
function placedFrom(db: Queryable, index: number, limit: number): Promise<PlacedRow[]> {
  return db.query<PlacedRow>(
    `SELECT ${RECORD_COLUMNS}
     FROM audit_leaves l JOIN audit_entries e ON e.id = l.entry_id
     LEFT JOIN audit_event_kinds k ON k.event_type = e.event_type
     WHERE l.leaf_index >= $1 ORDER BY l.leaf_index LIMIT $2`,
    [index, limit],
    { name: "audit-forward" },
  );
}
