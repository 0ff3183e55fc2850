import type { Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import type { ActorRef } from "../roles/actor.ts";
import { demandOtherOwner, roleIn } from "./store.ts";

/**
 * Before an account goes. An organisation that nobody else is in goes with it. Throws `last-administrator` where others are left
 * without an owner.
 */
export async function leaveAll(
  context: Context,
  tx: Transaction,
  userId: Uuid,
  actor: ActorRef,
): Promise<void> {
  const tenants = await tx.query<{ id: Uuid }>(
    "SELECT id FROM tenants WHERE id IN (SELECT tenant_id FROM memberships WHERE user_id = $1) ORDER BY id FOR UPDATE",
    [userId],
  );
  for (const { id: tenantId } of tenants) {
    if (!(await hasOthers(tx, tenantId, userId))) {
      await tx.query("DELETE FROM tenants WHERE id = $1", [tenantId]);
      await context.observe({ type: "tenant.deleted", tenantId, actor }, tx);
    } else if ((await roleIn(tx, tenantId, userId)) === "OWNER") await demandOtherOwner(tx, tenantId, userId);
  }
}

async function hasOthers(tx: Transaction, tenantId: Uuid, userId: Uuid): Promise<boolean> {
  const others = await tx.query("SELECT 1 FROM memberships WHERE tenant_id = $1 AND user_id <> $2 LIMIT 1", [
    tenantId,
    userId,
  ]);
  return others.length > 0;
}
