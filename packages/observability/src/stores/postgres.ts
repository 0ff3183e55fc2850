import type { Reason } from "../alerting/reason.ts";
import type { AlertEvent } from "../alerting/state.ts";
import type { AlertStore, Held, Outcome } from "../alerting/store.ts";
import { changedEntries, type Entry, heldFrom, type StoredEntry, withEntries } from "./entries.ts";

/** As `Queryable` of @rempart/database. */
interface Queryable {
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** What the store asks of a database: `Database` of @rempart/database is one. */
export interface AlertDatabase extends Queryable {
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
}

interface Known {
  readonly held: Held;
  readonly revision: number;
}

interface Revisions {
  readonly revision: number | string;
  readonly horizon: number | string;
  readonly now: number;
}

const NOW_MS = "floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now";

/** Tombstones are kept for so many revisions: who was away for longer reads everything. */
const TOMBSTONE_REVISIONS = 10_000;

/** Others wait for the lock. Who holds it and does nothing for so long was stopped, or is cut off: the database lets go of it. */
const LONGEST_HOLD_MS = 5_000;

/** What is held, in PostgreSQL. The time is the database's. What this process read before, it does not read again. */
export function postgresAlertStore(
  database: AlertDatabase,
  { longestHoldMs = LONGEST_HOLD_MS } = {},
): AlertStore {
  let known: Known | null = null;
  const alone = <T>(work: (tx: Queryable) => Promise<T>): Promise<T> =>
    database.transaction(async (tx) => {
      await lock(tx, longestHoldMs);
      return work(tx);
    });
  return {
    async update(work) {
      const { answer, after } = await alone((tx) => updated(tx, known, work));
      known = after;
      return answer;
    },
    events: (about, limit) => eventsOf(database, about, limit),
    keepReason: (rule, reason) => keepReason(database, rule, reason),
    reasonOf: (rule) => reasonOf(database, rule),
    async prune(before, keep) {
      await pruneEvents(database, before, keep);
      await alone(pruneTombstones);
    },
  };
}

async function updated<T>(
  tx: Queryable,
  known: Known | null,
  work: (held: Held, now: number) => Outcome<T>,
): Promise<{ readonly answer: T; readonly after: Known }> {
  const revisions = await revisionsOf(tx);
  const before = await caughtUp(tx, known, revisions);
  const { held, events = [], answer } = work(before.held, revisions.now);
  const entries = changedEntries(before.held, held);
  const revision = before.revision + (entries.length === 0 ? 0 : 1);
  await write(tx, entries, revision);
  await record(tx, events);
  return { answer, after: { held, revision } };
}

async function lock(tx: Queryable, longestHoldMs: number): Promise<void> {
  await tx.query(
    "SELECT set_config('idle_in_transaction_session_timeout', $1, true) FROM alerting_revisions FOR UPDATE",
    [String(longestHoldMs)],
  );
}

/** Under the lock: what waited for it is over, and the time is read after that. */
async function revisionsOf(tx: Queryable): Promise<Revisions> {
  const [row] = await tx.query<Revisions>(`SELECT revision, horizon, ${NOW_MS} FROM alerting_revisions`);
  if (row === undefined) throw new Error("alerting_revisions has no row: it was emptied");
  return row;
}

async function caughtUp(
  tx: Queryable,
  known: Known | null,
  { revision, horizon }: Revisions,
): Promise<Known> {
  const current = Number(revision);
  if (known?.revision === current) return known;
  const isBehind = known !== null && known.revision >= Number(horizon) && known.revision < current;
  const entries = await tx.query<StoredEntry>(
    "SELECT kind, key, body FROM alerting_entries WHERE revision > $1 AND ($2 OR body IS NOT NULL)",
    [isBehind ? known.revision : -1, isBehind],
  );
  return { held: isBehind ? withEntries(known.held, entries) : heldFrom(entries), revision: current };
}

async function write(tx: Queryable, entries: readonly Entry[], revision: number): Promise<void> {
  if (entries.length === 0) return;
  await tx.query(
    `INSERT INTO alerting_entries (kind, key, body, revision)
     SELECT kind, key, body::jsonb, $4 FROM unnest($1::text[], $2::text[], $3::text[]) AS changed (kind, key, body)
     ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, revision = excluded.revision`,
    [
      entries.map(({ kind }) => kind),
      entries.map(({ key }) => key),
      entries.map(({ body }) => body),
      revision,
    ],
  );
  await tx.query("UPDATE alerting_revisions SET revision = $1", [revision]);
}

async function record(tx: Queryable, events: readonly AlertEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx.query(
    `INSERT INTO alert_events (occurred_at, kind, fingerprint, rule, value, detail)
     SELECT to_timestamp(at / 1000.0), kind, fingerprint, rule, value, detail
     FROM unnest($1::float8[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
       AS happened (at, kind, fingerprint, rule, value, detail)`,
    [
      events.map(({ at }) => at),
      events.map(({ kind }) => kind),
      events.map(({ fingerprint }) => fingerprint),
      events.map(({ rule }) => rule),
      events.map(({ value }) => String(value)),
      events.map(({ detail }) => detail),
    ],
  );
}

async function eventsOf(database: Queryable, about: string | null, limit: number): Promise<AlertEvent[]> {
  const rows = await database.query<Omit<AlertEvent, "value"> & { readonly value: string }>(
    `SELECT (extract(epoch FROM occurred_at) * 1000)::float8 AS at, kind, fingerprint, rule, value, detail
     FROM alert_events WHERE $1::text IS NULL OR fingerprint = $1 OR rule = $1 ORDER BY id DESC LIMIT $2`,
    [about, limit],
  );
  return rows.map((row) => ({ ...row, value: Number(row.value) }));
}

async function keepReason(database: Queryable, rule: string, { at, text }: Reason): Promise<void> {
  await database.query(
    `INSERT INTO alert_reasons (rule, fired_at, reason) VALUES ($1, to_timestamp($2 / 1000.0), $3)
     ON CONFLICT (rule) DO UPDATE SET fired_at = excluded.fired_at, reason = excluded.reason`,
    [rule, at, text],
  );
}

async function reasonOf(database: Queryable, rule: string): Promise<Reason | null> {
  const [row] = await database.query<Reason>(
    `SELECT (extract(epoch FROM fired_at) * 1000)::float8 AS at, reason AS text FROM alert_reasons WHERE rule = $1`,
    [rule],
  );
  return row ?? null;
}

async function pruneEvents(database: Queryable, before: number, keep: number): Promise<void> {
  await database.query(
    `DELETE FROM alert_events WHERE occurred_at < to_timestamp($1 / 1000.0)
       OR id <= (SELECT max(id) - $2 FROM alert_events)`,
    [before, keep],
  );
}

async function pruneTombstones(tx: Queryable): Promise<void> {
  const { revision } = await revisionsOf(tx);
  const horizon = Number(revision) - TOMBSTONE_REVISIONS;
  await tx.query("DELETE FROM alerting_entries WHERE body IS NULL AND revision <= $1", [horizon]);
  await tx.query("UPDATE alerting_revisions SET horizon = greatest(horizon, $1)", [horizon]);
}
