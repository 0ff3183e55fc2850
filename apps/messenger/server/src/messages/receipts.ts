import { type Database, isDatabaseError, type Queryable } from "@rempart/database";
import { type Clock, explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";

export interface Receipt {
  readonly conversationId: string;
  readonly userId: string;
  readonly deviceId: string;
  /** 0: says nothing. */
  readonly delivered: number;
  readonly read: number;
}

/** How far a member is now, as others are told. */
export interface Progress {
  readonly conversationId: string;
  readonly userId: string;
  readonly delivered: number;
  readonly read: number;
}

/**
 * Positions only ever rise, and never past the head. What was read was delivered. Answers the members whose position rose.
 * Rows are locked in one order, so that two processes do not deadlock.
 */
const STORE = `
WITH input AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[])
    AS i (conversation_id, user_id, device_id, delivered, read)
), members AS MATERIALIZED (
  SELECT m.conversation_id, m.user_id, m.delivered_seq, m.read_seq, c.head_seq
  FROM conversation_members m JOIN conversations c ON c.id = m.conversation_id
  WHERE (m.conversation_id, m.user_id) IN (SELECT conversation_id, user_id FROM input) AND m.left_at IS NULL
  ORDER BY m.conversation_id, m.user_id
  FOR NO KEY UPDATE OF m
), merged AS (
  SELECT m.conversation_id, m.user_id,
    greatest(m.delivered_seq, least(m.head_seq, greatest(max(i.delivered), max(i.read)))) AS delivered,
    greatest(m.read_seq, least(m.head_seq, max(i.read))) AS read
  FROM members m JOIN input i USING (conversation_id, user_id)
  GROUP BY m.conversation_id, m.user_id, m.delivered_seq, m.read_seq, m.head_seq
), cursors AS (
  INSERT INTO device_cursors AS d (device_id, conversation_id, delivered_seq, updated_at)
  SELECT i.device_id, i.conversation_id, max(least(m.head_seq, greatest(i.delivered, i.read))), $6
  FROM input i JOIN members m USING (conversation_id, user_id)
  JOIN devices v ON v.id = i.device_id AND v.user_id = i.user_id
  GROUP BY i.device_id, i.conversation_id ORDER BY i.device_id, i.conversation_id
  ON CONFLICT (device_id, conversation_id) DO UPDATE SET delivered_seq = excluded.delivered_seq, updated_at = $6
  WHERE d.delivered_seq < excluded.delivered_seq
)
UPDATE conversation_members m SET delivered_seq = g.delivered, read_seq = g.read
FROM merged g
WHERE m.conversation_id = g.conversation_id AND m.user_id = g.user_id
  AND (m.delivered_seq < g.delivered OR m.read_seq < g.read)
RETURNING m.conversation_id, m.user_id, m.delivered_seq, m.read_seq`;

interface ProgressRow {
  conversation_id: string;
  user_id: string;
  delivered_seq: number;
  read_seq: number;
}

export async function storeReceipts(
  database: Queryable,
  clock: Clock,
  receipts: readonly Receipt[],
): Promise<Progress[]> {
  const rows = await database.query<ProgressRow>(
    STORE,
    [
      receipts.map((receipt) => receipt.conversationId),
      receipts.map((receipt) => receipt.userId),
      receipts.map((receipt) => receipt.deviceId),
      receipts.map((receipt) => receipt.delivered),
      receipts.map((receipt) => receipt.read),
      new Date(clock.now()),
    ],
    { name: "receipts-store" },
  );
  return rows.map((row) => ({
    conversationId: row.conversation_id,
    userId: row.user_id,
    delivered: row.delivered_seq,
    read: row.read_seq,
  }));
}

export interface ReceiptWriterOptions {
  database: Database;
  clock: Clock;
  log: Logger;
  /** Members whose position rose, after it is stored. */
  progressed(progress: readonly Progress[]): void;
}

/** How long receipts of one device and conversation are gathered before they are stored as one. */
const GATHER_MS = 250;
/** Past it new receipts are dropped: the next one of the same device says the same and more. */
const MAX_WAITING = 50_000;
const MAX_BATCH = 2_000;

/**
 * Receipts are many and each makes the ones before it pointless: they are merged for a moment, then stored together. A
 * receipt lost on the way is harmless, since the next one covers it.
 */
export class ReceiptWriter {
  readonly #options: ReceiptWriterOptions;
  #waiting = new Map<string, Receipt>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ReceiptWriterOptions) {
    this.#options = options;
  }

  submit(receipt: Receipt): void {
    const key = receipt.conversationId + receipt.deviceId;
    const earlier = this.#waiting.get(key);
    if (earlier === undefined && this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(key, earlier === undefined ? receipt : later(earlier, receipt));
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Stores what waits now; resolves when it is stored, or lost with its reason in the log. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const receipts = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#writing = this.#writing.then(() => this.#store(receipts));
    return this.#writing;
  }

  async #store(receipts: readonly Receipt[]): Promise<void> {
    const { database, clock, log, progressed } = this.#options;
    for (let start = 0; start < receipts.length; start += MAX_BATCH) {
      const batch = receipts.slice(start, start + MAX_BATCH);
      try {
        progressed(await storeAgain(() => storeReceipts(database, clock, batch)));
      } catch (error) {
        log.warn({ error: explain(error), receipts: batch.length }, "receipts could not be stored");
      }
    }
  }
}

const MAX_ATTEMPTS = 3;

/** A commit that changes the same members may have locked them in another order; the loser of a deadlock asks again. */
async function storeAgain<T>(store: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store();
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isDatabaseError(error, "serialization")) throw error;
    }
  }
}

function later(one: Receipt, other: Receipt): Receipt {
  return {
    ...one,
    delivered: Math.max(one.delivered, other.delivered),
    read: Math.max(one.read, other.read),
  };
}
