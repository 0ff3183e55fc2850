import { type Clock, explain, systemClock } from "@rempart/kernel";
import { type Component, type Logger, silentLogger, timeLimit } from "@rempart/runtime";
import { isDatabaseError } from "../../errors.ts";
import type { MigrationSource } from "../../migrations/files.ts";
import type { Database, Queryable, Transaction } from "../../pool/ports.ts";
import { BackupError } from "../errors.ts";
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

export interface ErasureKeeper extends Component {
  /**
   * True: every erasure that was committed before the call stands in the repository, and no restore brings anybody back. False:
   * the repository, the key or the time was not to be had; they wait in their table, and a keeper that runs brings them. What
   * acknowledges an erasure asks this first. Never rejects.
   */
  recorded(withinMs?: number): Promise<boolean>;
}

const EVERY_MS = 1_000;
/** What a person waits for an acknowledgement at the most. */
const RECORDED_WITHIN_MS = 5_000;
/** Of failures one is told in a minute. */
const TELL_EVERY_MS = 60_000;
/** Any constant, the same in every version: one process at a time writes pages. */
const ADVISORY_LOCK = 0x7265_6d76_6572_6173n;
const LOCK_WAIT_MS = 5_000;

/** Brings erasures to the repository as they are committed; while it is away they wait in their table. */
export function erasureKeeper(options: ErasureKeeperOptions): ErasureKeeper {
  const { database, clock = systemClock, log = silentLogger, everyMs = EVERY_MS } = options;
  let toldAt = Number.NEGATIVE_INFINITY;
  const ship = shared(() => shipErasures(database, options));

  function tell(error: unknown): void {
    if (clock.monotonic() - toldAt < TELL_EVERY_MS) return;
    toldAt = clock.monotonic();
    log.error({ error: explain(error) }, "erasures did not reach the backups' repository; it is tried again");
  }

  const rounds = inRounds("erasure-keeper", async (signal) => {
    await ship().catch((error: unknown) => signal.aborted || tell(error));
    await waitingErasures(database).then(options.observe, () => {});
    return everyMs;
  });
  return {
    ...rounds,
    async recorded(withinMs = RECORDED_WITHIN_MS) {
      try {
        return await timeLimit(ship(), withinMs);
      } catch (error) {
        tell(error);
        return false;
      }
    },
  };
}

/** Calls that come while a run is under way share the next one: what they committed before is in it. */
function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | null = null;
  return () => {
    next ??= running.then(() => {
      next = null;
      const run = work();
      running = run.catch(() => {});
      return run;
    });
    return next;
  };
}

/**
 * Writes what waits, and answers how many that were. Whatever ends this in the middle, each erasure is written once or more:
 * never less. Throws `busy` when another process is at it for all of five seconds.
 */
export async function shipErasures(database: Database, vault: Vault): Promise<number> {
  let shipped = 0;
  for (;;) {
    const written = await database.transaction((tx) => shipPage(tx, vault), { attempts: 1 });
    if (written === 0) return shipped;
    shipped += written;
  }
}

async function shipPage(tx: Transaction, vault: Vault): Promise<number> {
  await holdLedger(tx);
  const erasures = await nextOnes(tx);
  if (erasures.length === 0) return 0;
  const [last] = await tx.query<{ page: number }>("SELECT coalesce(max(page), 0) AS page FROM erasures");
  const page = await appendErasures(vault, erasures, last?.page ?? 0);
  await tx.query("UPDATE erasures SET page = $1 WHERE id = ANY($2::uuid[])", [
    page,
    erasures.map(({ id }) => id),
  ]);
  return erasures.length;
}

/** Until the transaction ends: also behind a pooler, where a session's lock would be a stranger's. */
async function holdLedger(tx: Transaction): Promise<void> {
  await tx.query(`SET LOCAL lock_timeout = ${LOCK_WAIT_MS}`);
  try {
    await tx.query("SELECT pg_advisory_xact_lock($1)", [ADVISORY_LOCK]);
  } catch (error) {
    if (!isDatabaseError(error, "timeout")) throw error;
    throw new BackupError("busy", "another process writes the erasure ledger", { cause: error });
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
