import type { Queryable } from "@rempart/database";
import type { Clock, Uuid } from "@rempart/kernel";
import type { EndReason } from "../types.ts";

/**
 * A session that ended (`sessionId` and `reason` are set) or became something else (`sessionId` alone), a person whose
 * account, memberships or API keys changed (`userId` alone), or the keys that sign access tokens (all null).
 */
export interface IdentityChange {
  readonly userId: Uuid | null;
  readonly sessionId: Uuid | null;
  readonly reason: EndReason | null;
}

export interface ChangeConsumer {
  /** In the order they happened, as far as there is one. */
  apply(changes: readonly IdentityChange[]): void;
  /** Changes may have been missed: everything remembered must be forgotten. */
  reset(why: "first-read" | "gap" | "database-replaced"): void;
}

interface FeedRow {
  snapshot: string;
  /** Null: nothing changed. */
  id: string | null;
  user_id: Uuid | null;
  session_id: Uuid | null;
  reason: EndReason | null;
}

const SINCE = `
  WITH present AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
  SELECT present.snapshot::text AS snapshot, c.id::text AS id, c.user_id, c.session_id, c.reason
  FROM present LEFT JOIN identity_changes c
    ON c.transaction_id >= pg_snapshot_xmin($1::pg_snapshot)
   AND NOT pg_visible_in_snapshot(c.transaction_id, $1::pg_snapshot)
  ORDER BY c.id`;

/** Rows are kept for a day; a process that was cut off for longer starts afresh, well before that. */
const MAX_GAP_MS = 12 * 60 * 60 * 1000;

/**
 * Reads what changed since the last time it read, exactly: it keeps the snapshot of the last read and asks for rows
 * whose transaction that snapshot could not see. A counter would miss rows of a transaction that took its number early
 * and committed late.
 */
export class ChangeFeed {
  readonly #database: Queryable;
  readonly #clock: Clock;
  readonly #consumer: ChangeConsumer;
  #snapshot: string | null = null;
  #readAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(database: Queryable, clock: Clock, consumer: ChangeConsumer) {
    this.#database = database;
    this.#clock = clock;
    this.#consumer = consumer;
  }

  /** Milliseconds since a read began that succeeded. */
  get age(): number {
    return this.#clock.monotonic() - this.#readAt;
  }

  /**
   * Resolves when a read that began after this call is applied. Callers share reads: at most one runs and one waits.
   * Rejects with the database's error.
   */
  sync(): Promise<void> {
    if (this.#running === null) return this.#start();
    this.#next ??= this.#running.then(noop, noop).then(() => {
      this.#next = null;
      // Somebody may have started a read since: it began after this call, so it serves as well.
      return this.#running ?? this.#start();
    });
    return this.#next;
  }

  #start(): Promise<void> {
    const read = this.#read().finally(() => {
      if (this.#running === read) this.#running = null;
    });
    this.#running = read;
    return read;
  }

  async #read(): Promise<void> {
    const startedAt = this.#clock.monotonic();
    const since = this.#snapshot;
    const rows =
      since === null
        ? await this.#database.query<FeedRow>("SELECT pg_current_snapshot()::text AS snapshot")
        : await this.#database.query<FeedRow>(SINCE, [since]);
    const snapshot = rows[0]?.snapshot;
    if (snapshot === undefined) throw new TypeError("PostgreSQL gave no snapshot");
    this.#deliver(since, snapshot, rows, startedAt);
    this.#snapshot = snapshot;
    this.#readAt = startedAt;
  }

  #deliver(since: string | null, snapshot: string, rows: readonly FeedRow[], startedAt: number): void {
    if (since === null) {
      this.#consumer.reset("first-read");
      return;
    }
    // Transaction numbers only rise; lower ones mean another database, restored from a dump.
    if (oldestRunning(snapshot) < oldestRunning(since)) {
      this.#consumer.reset("database-replaced");
      return;
    }
    if (startedAt - this.#readAt > MAX_GAP_MS) this.#consumer.reset("gap");
    const changes = rows.flatMap(toChange);
    if (changes.length > 0) this.#consumer.apply(changes);
  }
}

function toChange(row: FeedRow): IdentityChange[] {
  return row.id === null ? [] : [{ userId: row.user_id, sessionId: row.session_id, reason: row.reason }];
}

/** The first number of `xmin:xmax:xip_list`: every transaction below it is over. */
function oldestRunning(snapshot: string): bigint {
  return BigInt(snapshot.slice(0, snapshot.indexOf(":")));
}

function noop(): void {}
