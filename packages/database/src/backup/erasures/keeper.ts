import { type Clock, explain, systemClock } from "@rempart/kernel";
import { type Component, type Logger, silentLogger } from "@rempart/runtime";
import type { MigrationSource } from "../../migrations/files.ts";
import type { Database, Queryable } from "../../pool/ports.ts";
import { inRounds } from "../schedule/rounds.ts";
import type { Vault } from "../sealed/objects.ts";
import { appendErasures } from "./ledger.ts";
import { type Erasure, PAGE_ERASURES } from "./page.ts";

/** The table `erasures`, in which an application's triggers record with `record_erasure(kind, subject)`. */
export const erasureMigrations: MigrationSource = {
  name: "erasures",
  directory: new URL("../../../migrations/erasures/", import.meta.url),
};

export interface WaitingErasures {
  /** That are committed and do not stand in the repository yet. */
  readonly count: number;
  /** Unix milliseconds of the oldest; null when none waits. */
  readonly since: number | null;
}

export interface ErasureKeeperOptions extends Vault {
  readonly database: Database;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Told at each look. Never throws. */
  readonly observe?: (waiting: WaitingErasures) => void;
  /** Milliseconds between two looks; one second unless told. */
  readonly everyMs?: number;
}

const EVERY_MS = 1_000;
/** Of failures one is told in a minute. */
const TELL_EVERY_MS = 60_000;
/** Any constant, the same in every version: one process at a time writes pages. */
const ADVISORY_LOCK = 0x7265_6d76_6572_6173n;

/** Brings erasures to the repository as they are committed; while it is away they wait in their table. */
export function erasureKeeper(options: ErasureKeeperOptions): Component {
  const { database, clock = systemClock, log = silentLogger, everyMs = EVERY_MS } = options;
  let toldAt = Number.NEGATIVE_INFINITY;

  async function ship(signal: AbortSignal): Promise<void> {
    try {
      await shipErasures(database, options);
    } catch (error) {
      if (signal.aborted || clock.monotonic() - toldAt < TELL_EVERY_MS) return;
      toldAt = clock.monotonic();
      log.error(
        { error: explain(error) },
        "erasures did not reach the backups' repository; it is tried again",
      );
    }
  }

  return inRounds("erasure-keeper", async (signal) => {
    await ship(signal);
    await waitingErasures(database).then(options.observe, () => {});
    return everyMs;
  });
}

/**
 * Writes what waits, and answers how many that were. Whatever ends this in the middle, each erasure is written once or more:
 * never less. While another process writes: none.
 */
export function shipErasures(database: Database, vault: Vault): Promise<number> {
  return database.session(async (session) => {
    const [lock] = await session.query<{ free: boolean }>("SELECT pg_try_advisory_lock($1) AS free", [
      ADVISORY_LOCK,
    ]);
    if (lock?.free !== true) return 0;
    try {
      return await shipAll(session, vault);
    } finally {
      await session.query("SELECT pg_advisory_unlock($1)", [ADVISORY_LOCK]);
    }
  });
}

async function shipAll(session: Queryable, vault: Vault): Promise<number> {
  let shipped = 0;
  for (;;) {
    const erasures = await nextOnes(session);
    if (erasures.length === 0) return shipped;
    const [last] = await session.query<{ page: number }>(
      "SELECT coalesce(max(page), 0) AS page FROM erasures",
    );
    const page = await appendErasures(vault, erasures, last?.page ?? 0);
    await session.query("UPDATE erasures SET page = $1 WHERE id = ANY($2::uuid[])", [
      page,
      erasures.map(({ id }) => id),
    ]);
    shipped += erasures.length;
  }
}

/** The oldest that wait. */
export function nextOnes(session: Queryable): Promise<Erasure[]> {
  return session.query(
    `SELECT id, kind, subject, floor(extract(epoch FROM erased_at) * 1000)::bigint AS at
     FROM erasures WHERE page IS NULL ORDER BY position LIMIT ${PAGE_ERASURES}`,
  );
}

export async function waitingErasures(database: Queryable): Promise<WaitingErasures> {
  const [row] = await database.query<{ count: number; since: number | null }>(
    `SELECT count(*) AS count, floor(extract(epoch FROM min(erased_at)) * 1000)::bigint AS since
     FROM erasures WHERE page IS NULL`,
  );
  return { count: row?.count ?? 0, since: row?.since ?? null };
}
