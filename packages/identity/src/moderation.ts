import type { Queryable } from "@rempart/database";
import { isUuid, type Uuid } from "@rempart/kernel";
import { type Context, instant } from "./context.ts";
import { IdentityError } from "./errors.ts";
import type { IdentityEvent } from "./events.ts";

/** Whether the actor may do this is the caller's question. A trigger ends the sessions in the same transaction. */
export async function suspend(
  context: Context,
  userId: Uuid,
  suspension: { until: number | null; reason: string },
): Promise<void> {
  const { until, reason } = suspension;
  const now = context.clock.now();
  if (until !== null && until <= now) throw new TypeError("a suspension ends in the future");
  await change(context, { type: "account.suspended", userId, until, reason }, (tx) =>
    tx.query(
      `UPDATE users SET status = 'SUSPENDED', suspended_at = $2, suspended_until = $3, suspension_reason = $4
       WHERE id = $1 AND status IN ('ACTIVE', 'SUSPENDED') RETURNING id`,
      [userId, instant(now), until === null ? null : instant(until), reason],
    ),
  );
}

export async function ban(context: Context, userId: Uuid, reason: string): Promise<void> {
  await change(context, { type: "account.banned", userId, reason }, (tx) =>
    tx.query(
      `UPDATE users SET status = 'BANNED', banned_at = $2, ban_reason = $3
       WHERE id = $1 AND status <> 'DELETED' RETURNING id`,
      [userId, instant(context.clock.now()), reason],
    ),
  );
}

export async function reactivate(context: Context, userId: Uuid): Promise<void> {
  await change(context, { type: "account.reactivated", userId, cause: "by-hand" }, (tx) =>
    tx.query(
      `UPDATE users SET status = 'ACTIVE', suspended_at = NULL, suspended_until = NULL, suspension_reason = NULL,
         banned_at = NULL, ban_reason = NULL
       WHERE id = $1 AND status IN ('SUSPENDED', 'BANNED') RETURNING id`,
      [userId],
    ),
  );
}

async function change(
  context: Context,
  event: Extract<IdentityEvent, { type: `account.${string}` }>,
  act: (tx: Queryable) => Promise<object[]>,
): Promise<void> {
  await context.database.transaction(async (tx) => {
    const changed = isUuid(event.userId) ? await act(tx) : [];
    if (changed.length === 0) {
      throw new IdentityError("unknown-user", "No account of this id is in a state this applies to");
    }
    await context.observe(event, tx);
  });
}
