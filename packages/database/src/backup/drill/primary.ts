import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@rempart/kernel";
import type { Database } from "../../pool/ports.ts";
import { BackupError } from "../errors.ts";

const POLL_MS = 200;

interface Archived {
  readonly done: boolean;
}

/** Until everything that is committed now stands in the repository, as the server was told. Throws `archive-late`. */
export async function untilArchived(
  primary: Database,
  clock: Clock,
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const givenUpAt = clock.monotonic() + waitMs;
  const segment = await endSegment(primary);
  while (!(await isArchived(primary, segment))) {
    signal?.throwIfAborted();
    if (clock.monotonic() > givenUpAt)
      throw new BackupError("archive-late", `${segment} did not reach the repository`, {
        details: { segment },
      });
    await sleep(POLL_MS);
  }
}

/** Names the segment up to now. A record of our own comes first: a server at rest would have nothing to hand over. */
async function endSegment(primary: Database): Promise<string> {
  await primary.query("SELECT pg_create_restore_point('rempart drill')");
  const [row] = await primary.query<{ name: string }>("SELECT pg_walfile_name(pg_switch_wal() - 1) AS name");
  return row?.name ?? "";
}

/** Histories and backup labels are archived as well, under longer names that sort among the segments. */
async function isArchived(primary: Database, segment: string): Promise<boolean> {
  const [row] = await primary.query<Archived>(
    "SELECT coalesce(left(last_archived_wal, 24) >= $1, false) AS done FROM pg_stat_archiver",
    [segment],
  );
  return row?.done ?? false;
}

export interface PrimaryFacts {
  /** Unix milliseconds by its clock. */
  readonly now: number;
  /** What its databases take. */
  readonly bytes: number;
}

export async function readPrimary(primary: Database): Promise<PrimaryFacts> {
  const [row] = await primary.query<PrimaryFacts>(
    `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now,
       (SELECT sum(pg_database_size(oid))::bigint FROM pg_database) AS bytes`,
  );
  return row as PrimaryFacts;
}
