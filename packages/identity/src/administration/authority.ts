import type { Queryable } from "@rempart/database";
import { isUuid, type Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { ADMINS_LOCK } from "../invitations.ts";
import type { Actor } from "../roles/actor.ts";
import type { Permission } from "../roles/permissions.ts";
import { permitted, type Resource } from "../roles/permitted.ts";
import type { Role } from "../types.ts";

export type AccountStatus = "ACTIVE" | "SUSPENDED" | "BANNED" | "DELETED";

export interface Target {
  readonly id: Uuid;
  readonly role: Role;
  readonly status: AccountStatus;
}

/** Throws an `IdentityError` with the refusal's code and `details.reason` when the actor may not. */
export function demandPermission(
  context: Context,
  actor: Actor,
  permission: Permission,
  resource: Resource = {},
): void {
  const moment = { now: context.clock.now(), freshMs: context.config.factors.freshMs };
  const verdict = permitted(actor, permission, resource, moment);
  if (verdict.allowed) return;
  throw new IdentityError(verdict.code, "You may not do this", { details: { reason: verdict.reason } });
}

/**
 * Holds the account until the transaction ends and asks whether the actor may do this to its owner as they are now. The lock
 * on administrators comes first, so that two acts on two of them do not wait for each other.
 */
export async function holdTarget(
  context: Context,
  tx: Queryable,
  actor: Actor,
  permission: Permission,
  userId: Uuid,
  grants?: Role,
): Promise<Target> {
  await tx.query(ADMINS_LOCK);
  const [target] = isUuid(userId)
    ? await tx.query<Target>("SELECT id, role, status FROM users WHERE id = $1 FOR UPDATE", [userId])
    : [];
  // Asked before an unknown id is told apart, so that only who may act learns which ids there are.
  const resource = { userId, role: target?.role ?? "USER", ...(grants === undefined ? {} : { grants }) };
  demandPermission(context, actor, permission, resource);
  if (target === undefined) throw new IdentityError("unknown-user", "No account has this id");
  return target;
}

/** Throws `last-administrator` when nobody else could administer the installation. */
export async function demandOtherAdmin(tx: Queryable, target: Target): Promise<void> {
  if (target.role !== "ADMIN") return;
  const others = await tx.query(
    "SELECT 1 FROM users WHERE role = 'ADMIN' AND status = 'ACTIVE' AND id <> $1 LIMIT 1",
    [target.id],
  );
  if (others.length > 0) return;
  throw new IdentityError("last-administrator", "Nobody else could administer this installation");
}
