import { timeLimit } from "@rempart/runtime";
import { isDatabaseError } from "../../errors.ts";
import type { Queryable } from "../../pool/ports.ts";
import { BackupError } from "../errors.ts";

/** Of PostgreSQL's advisory locks, ours for backups of a server. */
const ADVISORY_LOCK = 7_230_412_551;

/** After the loss of its connection the server may hold a killed backup's lock for a moment longer. */
const TAKEOVER_MS = 5_000;
/** A server that has gone silent answers nothing; the end of the session releases the lock as well. */
const RELEASE_MS = 5_000;

/**
 * Runs `work` while no other process backs this server up, into whichever repository. Rejects with `busy` when another still
 * does after `patienceMs`. The lock is free when this ends, which the end of `session` alone does not wait for.
 */
export async function whileServerLocked<T>(
  session: Queryable,
  work: () => Promise<T>,
  patienceMs = TAKEOVER_MS,
): Promise<T> {
  await take(session, patienceMs);
  try {
    return await work();
  } finally {
    const released = session.query("SELECT pg_advisory_unlock($1)", [ADVISORY_LOCK]);
    await timeLimit(released, RELEASE_MS).catch(() => {});
  }
}

async function take(session: Queryable, patienceMs: number): Promise<void> {
  await session.query("SELECT set_config('lock_timeout', $1, false)", [String(patienceMs)]);
  try {
    await session.query("SELECT pg_advisory_lock($1)", [ADVISORY_LOCK]);
  } catch (cause) {
    if (!isDatabaseError(cause, "timeout")) throw cause;
    throw new BackupError("busy", "another backup of this server is under way", { cause });
  }
  await session.query("SET lock_timeout = 0");
}
