import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { type Actor, refOf } from "../roles/actor.ts";
import { holdTarget } from "./authority.ts";

/** Forgets when the account's sessions were last proven: what asks for a fresh proof asks again. Resolves with how many. */
export function requireStepUp(context: Context, actor: Actor, userId: Uuid): Promise<number> {
  return context.database.transaction(async (tx) => {
    await holdTarget(context, tx, actor, "users.end-sessions", userId);
    const { length: sessions } = await tx.query(
      `UPDATE sessions SET factor_at = NULL, authenticated_at = 'epoch'
       WHERE user_id = $1 AND ended_at IS NULL RETURNING id`,
      [userId],
    );
    await context.observe({ type: "auth.step-up.required", userId, sessions, actor: refOf(actor) }, tx);
    return sessions;
  });
}
