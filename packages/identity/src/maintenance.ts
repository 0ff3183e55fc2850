import { purgeBatch } from "@rempart/database/maintenance";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "./context.ts";
import { spentRows } from "./purges.ts";
import { wipeSuccessors } from "./sessions/superseded.ts";
import type { TokenService } from "./tokens/token-service.ts";

/** Rows one run changes of a kind and tells of, so that a backlog never makes one long transaction. */
const BATCH = 5000;

/** What time alone brings about: sessions expire, suspensions end, spent rows go. Safe to run in every process at once. */
export async function maintain(context: Context, tokens: TokenService): Promise<void> {
  await expireSessions(context);
  await reportLongSessions(context);
  await liftSuspensions(context);
  await prune(context);
  // Last, since it may need a key provider: what else is due does not wait for one.
  await tokens.maintain();
}

async function expireSessions(context: Context): Promise<void> {
  const now = context.clock.now();
  await context.database.transaction(async (tx) => {
    const ended = await tx.query<{ id: Uuid; user_id: Uuid }>(
      `UPDATE sessions SET ended_at = $1, end_reason = 'expired' WHERE id IN (
         SELECT id FROM sessions WHERE ended_at IS NULL AND (last_used_at <= $2 OR expires_at <= $1)
         LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
       RETURNING id, user_id`,
      [instant(now), instant(now - context.config.session.idleMs)],
    );
    for (const { id, user_id } of ended) {
      await context.observe(
        { type: "auth.session.revoked", userId: user_id, sessionId: id, reason: "expired" },
        tx,
      );
    }
  });
}

/** Told once per session: whoever watches wants to know of it, not of its every minute. */
async function reportLongSessions(context: Context): Promise<void> {
  const now = instant(context.clock.now());
  await context.database.transaction(async (tx) => {
    const long = await tx.query<{ id: Uuid; user_id: Uuid; active_since: Date }>(
      `UPDATE sessions SET long_reported_at = $1 WHERE id IN (
         SELECT id FROM sessions WHERE ended_at IS NULL AND long_reported_at IS NULL
           AND last_used_at - active_since > make_interval(secs => $2)
         LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
       RETURNING id, user_id, active_since`,
      [now, context.config.session.longMs / 1000],
    );
    for (const { id, user_id, active_since } of long) {
      const activeSince = active_since.getTime();
      await context.observe({ type: "auth.session.long", userId: user_id, sessionId: id, activeSince }, tx);
    }
  });
}

async function liftSuspensions(context: Context): Promise<void> {
  await context.database.transaction(async (tx) => {
    const lifted = await tx.query<{ id: Uuid }>(
      `UPDATE users SET status = 'ACTIVE', suspended_at = NULL, suspended_until = NULL, suspension_reason = NULL
       WHERE id IN (SELECT id FROM users WHERE status = 'SUSPENDED' AND suspended_until <= $1
         LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [instant(context.clock.now())],
    );
    for (const { id } of lifted) {
      await context.observe({ type: "account.reactivated", userId: id, cause: "suspension-over" }, tx);
    }
  });
}

async function prune(context: Context): Promise<void> {
  const { database, clock, config } = context;
  const now = clock.now();
  for (const purge of spentRows(config)) {
    while ((await purgeBatch(database, purge, now)) === purge.batch);
  }
  await wipeSuccessors(database, now - config.session.refreshGraceMs, BATCH);
}
