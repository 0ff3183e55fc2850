import { type Clock, explain, systemClock } from "@rempart/kernel";
import { type Component, type Logger, silentLogger } from "@rempart/runtime";
import type { Database } from "../../pool/ports.ts";
import type { Repository, Sealing } from "../ports.ts";
import { type Lsn, parseLsn } from "../wal/lsn.ts";
import { FIRST_HEADER_BYTES } from "../wal/page.ts";
import { writeTip } from "../wal/tip.ts";
import { inRounds } from "./rounds.ts";

export interface LogKeeperOptions {
  /** May execute `pg_switch_wal`. */
  readonly database: Database;
  readonly repository: Repository;
  readonly sealing: Sealing;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Milliseconds between two looks; 5 seconds unless told. */
  readonly everyMs?: number;
  /** Milliseconds that what was written may wait in a segment that is not full; 30 seconds unless told. */
  readonly switchAfterMs?: number;
}

const EVERY_MS = 5_000;
const SWITCH_AFTER_MS = 30_000;
const TIP_EVERY_MS = 15_000;

/**
 * Keeps the recovery point young. What was written does not wait for a segment to fill: it is handed over after a while. And
 * where nothing was written, that is recorded, so that an idle hour costs no segments and still counts as safe.
 */
export function logKeeper(options: LogKeeperOptions): Component {
  const { clock = systemClock, log = silentLogger, everyMs = EVERY_MS } = options;
  const state: Waiting = { segment: -1n, since: 0, tipAt: Number.NEGATIVE_INFINITY };
  return inRounds("log-keeper", async (signal) => {
    try {
      await keep(options, state, clock);
    } catch (error) {
      if (!signal.aborted) log.warn({ error: explain(error) }, "the log of changes was not looked at");
    }
    return everyMs;
  });
}

interface Waiting {
  /** In which there was something, and since when, by the monotonic clock. */
  segment: Lsn;
  since: number;
  tipAt: number;
}

interface Position {
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly lsn: Lsn;
  readonly segmentBytes: bigint;
  /** Unix milliseconds by the server's clock, from before the position was read. */
  readonly at: number;
}

async function keep(options: LogKeeperOptions, waiting: Waiting, clock: Clock): Promise<void> {
  const position = await readPosition(options.database);
  const now = clock.monotonic();
  const segment = position.lsn / position.segmentBytes;
  if (position.lsn % position.segmentBytes <= FIRST_HEADER_BYTES) {
    if (now - waiting.tipAt < TIP_EVERY_MS) return;
    await writeTip(options, position.systemIdentifier, position);
    waiting.tipAt = now;
  } else if (segment !== waiting.segment) {
    Object.assign(waiting, { segment, since: now });
  } else if (now - waiting.since >= (options.switchAfterMs ?? SWITCH_AFTER_MS)) {
    await options.database.query("SELECT pg_switch_wal()");
  }
}

/** `now()` is the beginning of the transaction: every commit acknowledged before it lies before the position. */
async function readPosition(database: Database): Promise<Position> {
  const [row] = await database.query<{
    id: string;
    lsn: string;
    timeline: number;
    segment: string;
    at: number;
  }>(
    `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS id,
       pg_current_wal_insert_lsn()::text AS lsn,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline,
       (SELECT setting FROM pg_settings WHERE name = 'wal_segment_size') AS segment,
       floor(extract(epoch FROM now()) * 1000)::bigint AS at`,
  );
  return {
    systemIdentifier: row?.id ?? "",
    timeline: row?.timeline ?? 0,
    lsn: parseLsn(row?.lsn ?? "") ?? 0n,
    segmentBytes: BigInt(row?.segment ?? 1),
    at: row?.at ?? 0,
  };
}
