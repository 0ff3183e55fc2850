import type { Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { holdFresh } from "../credentials/held.ts";
import { ADMINS_LOCK } from "../invitations.ts";
import { type Actor, type ActorRef, refOf } from "../roles/actor.ts";
import { leaveAll } from "../tenants/leave-all.ts";
import type { Authenticated } from "../types.ts";
import { demandOtherAdmin, holdTarget } from "./authority.ts";

/** The account and all that refers to it, for good: nothing of this package brings it back. */
export async function erase(context: Context, actor: Actor, userId: Uuid): Promise<void> {
  await context.database.transaction(async (tx) => {
    const target = await holdTarget(context, tx, actor, "users.erase", userId);
    await demandOtherAdmin(tx, target);
    await eraseHeld(context, tx, userId, refOf(actor));
  });
}

/** One's own. Who stands at an unlocked screen has proven nothing. */
export async function eraseOwn(context: Context, who: Authenticated): Promise<void> {
  await context.database.transaction(async (tx) => {
    await tx.query(ADMINS_LOCK);
    const { account } = await holdFresh(context, tx, who);
    await demandOtherAdmin(tx, { ...account, status: "ACTIVE" });
    await eraseHeld(context, tx, account.id);
  });
}

/** Recorded first: what an observer still writes about the person is there to be erased with the rest. */
async function eraseHeld(context: Context, tx: Transaction, userId: Uuid, actor?: ActorRef): Promise<void> {
  await leaveAll(context, tx, userId, actor ?? { kind: "session", userId });
  await context.observe({ type: "account.erased", userId, ...(actor === undefined ? {} : { actor }) }, tx);
  await tx.query("DELETE FROM users WHERE id = $1", [userId]);
}
