import { type Clock, explain } from "@rempart/kernel";
import { type Logger, repeat, silentLogger } from "@rempart/runtime";
import { type Lsn, parseLsn } from "../backup/wal/lsn.ts";
import { isTransient } from "../errors.ts";
import type { Database, Queryable, Transaction } from "../pool/ports.ts";
import { Positions } from "./positions.ts";

export interface ReplicasOptions {
  readonly primary: Database;
  readonly replicas: readonly Database[];
  /** Milliseconds a read may be behind; a replica that is further behind is not asked. */
  readonly maxLagMs: number;
  /** Milliseconds between looks; a quarter of `maxLagMs`, and a second at most, unless told. */
  readonly everyMs?: number;
  readonly clock: Clock;
  readonly log?: Logger;
}

export interface ReadOptions {
  /** What `position` answered after a write: the read sees that write. */
  readonly after?: string;
}

export interface Replicas {
  /**
   * Runs `work` in a read-only transaction on a replica that is close enough, in turn; on the primary when none is, or when it
   * fails as one that is away does. The work may run twice, so it must have no effect outside.
   */
  read<T>(work: (tx: Transaction) => Promise<T>, options?: ReadOptions): Promise<T>;
  /** Where the primary's log ends now. Ask after a write, and hand it to reads that must see it. */
  position(): Promise<string>;
  /** Milliseconds that each replica is behind, in the order given; infinite for one that is away. For metrics. */
  lags(): readonly number[];
  /** Looks after the replicas until `signal` is aborted. Until the first look all reads go to the primary. */
  run(signal: AbortSignal): Promise<void>;
}

const LONGEST_PAUSE_MS = 1_000;

export function createReplicas(options: ReplicasOptions): Replicas {
  const { primary, maxLagMs, clock, log = silentLogger } = options;
  const everyMs = options.everyMs ?? Math.min(LONGEST_PAUSE_MS, maxLagMs / 4);
  const positions = new Positions();
  const members = options.replicas.map((database): Member => ({ database, replayed: null }));
  let turn = 0;

  const lagOf = ({ replayed }: Member): number =>
    replayed === null ? Number.POSITIVE_INFINITY : positions.lag(replayed, clock.monotonic());

  function choose(after: Lsn): Member | undefined {
    const close = members.filter(
      (member) => member.replayed !== null && member.replayed >= after && lagOf(member) <= maxLagMs,
    );
    turn += 1;
    return close[turn % close.length];
  }

  async function lookAtPrimary(): Promise<void> {
    const at = clock.monotonic();
    const end = await lsnOf(primary, "pg_current_wal_lsn()", log);
    if (end !== null) positions.add(at, end);
  }

  async function lookAt(member: Member): Promise<void> {
    member.replayed = await lsnOf(member.database, REPLAYED, log);
  }

  return {
    async read(work, { after } = {}) {
      const member = choose(after === undefined ? 0n : positionOf(after));
      if (member === undefined) return primary.transaction(work, { readOnly: true });
      try {
        return await member.database.transaction(work, { readOnly: true });
      } catch (error) {
        if (!isTransient(error)) throw error;
        log.warn({ error: explain(error) }, "a replica failed; the primary is asked");
        member.replayed = null;
        return primary.transaction(work, { readOnly: true });
      }
    },
    async position() {
      const [row] = await primary.query<{ lsn: string }>("SELECT pg_current_wal_lsn()::text AS lsn");
      return row?.lsn ?? "0/0";
    },
    lags: () => members.map(lagOf),
    async run(signal) {
      const every = (look: () => Promise<void>): Promise<void> =>
        repeat(signal, async () => {
          await look();
          return everyMs;
        });
      // Each for itself: one that hangs must not make the others look old.
      await Promise.all([every(lookAtPrimary), ...members.map((member) => every(() => lookAt(member)))]);
    },
  };
}

/** Null on a server that is no replica any more: what it replayed last stands still for ever. */
const REPLAYED = "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END";

interface Member {
  readonly database: Database;
  /** Null: it did not answer, or it is no replica. */
  replayed: Lsn | null;
}

async function lsnOf(database: Queryable, what: string, log: Logger): Promise<Lsn | null> {
  try {
    const [row] = await database.query<{ lsn: string | null }>(`SELECT ${what}::text AS lsn`);
    return parseLsn(row?.lsn ?? "");
  } catch (error) {
    log.warn({ error: explain(error) }, "a server of the replica set does not answer");
    return null;
  }
}

function positionOf(text: string): Lsn {
  const lsn = parseLsn(text);
  if (lsn === null) throw new TypeError(`"${text}" is not a position in the log`);
  return lsn;
}
