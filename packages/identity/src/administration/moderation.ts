import type { Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { withdrawOpenInvitations } from "../invitations.ts";
import { type Actor, refOf } from "../roles/actor.ts";
import { ROLES } from "../roles/permissions.ts";
import type { Role } from "../types.ts";
import { demandOtherAdmin, demandPermission, holdTarget } from "./authority.ts";

const MAX_REASON = 500;

export interface Suspension {
  /** Unix milliseconds; null: until somebody lifts it. */
  readonly until: number | null;
  readonly reason: string;
}

/** A trigger ends the sessions in the same transaction, here and in the other acts that take an account out of use. */
export async function suspend(
  context: Context,
  actor: Actor,
  userId: Uuid,
  { until, reason }: Suspension,
): Promise<void> {
  const now = context.clock.now();
  checkReason(reason);
  if (until !== null && !(until > now)) throw invalid("until", "A suspension ends in the future");
  await context.database.transaction(async (tx) => {
    const target = await holdTarget(context, tx, actor, "users.suspend", userId);
    await demandOtherAdmin(tx, target);
    const changed = await tx.query(
      `UPDATE users SET status = 'SUSPENDED', suspended_at = $2, suspended_until = $3, suspension_reason = $4
       WHERE id = $1 AND status IN ('ACTIVE', 'SUSPENDED') RETURNING id`,
      [userId, instant(now), until === null ? null : instant(until), reason],
    );
    demandChanged(changed);
    await context.observe({ type: "account.suspended", userId, until, reason, actor: refOf(actor) }, tx);
  });
}

export interface Ban {
  readonly reason: string;
  /** Also name the addresses the account was used from, for whoever bans addresses. */
  readonly addresses?: boolean;
}

/** Resolves with the addresses that the event names. */
export async function ban(
  context: Context,
  actor: Actor,
  userId: Uuid,
  { reason, addresses: wanted = false }: Ban,
): Promise<readonly string[]> {
  checkReason(reason);
  return context.database.transaction(async (tx) => {
    const target = await holdTarget(context, tx, actor, "users.ban", userId);
    await demandOtherAdmin(tx, target);
    const addresses = wanted ? await addressesOf(tx, userId) : [];
    const changed = await tx.query(
      `UPDATE users SET status = 'BANNED', banned_at = $2, ban_reason = $3
       WHERE id = $1 AND status <> 'DELETED' RETURNING id`,
      [userId, instant(context.clock.now()), reason],
    );
    demandChanged(changed);
    await context.observe({ type: "account.banned", userId, reason, addresses, actor: refOf(actor) }, tx);
    return addresses;
  });
}

/** Of the sessions that are remembered, the newest first. */
async function addressesOf(tx: Transaction, userId: Uuid): Promise<string[]> {
  const rows = await tx.query<{ ip_address: string }>(
    `SELECT ip_address FROM sessions WHERE user_id = $1 AND ip_address <> ''
     GROUP BY ip_address ORDER BY max(last_used_at) DESC LIMIT 50`,
    [userId],
  );
  return rows.map(({ ip_address }) => ip_address);
}

/** Lifting a ban takes what banning takes. */
export async function reactivate(context: Context, actor: Actor, userId: Uuid): Promise<void> {
  await context.database.transaction(async (tx) => {
    const { status, role } = await holdTarget(context, tx, actor, "users.reactivate", userId);
    if (status === "BANNED") demandPermission(context, actor, "users.ban", { userId, role });
    const changed = await tx.query(
      `UPDATE users SET status = 'ACTIVE', suspended_at = NULL, suspended_until = NULL, suspension_reason = NULL,
         banned_at = NULL, ban_reason = NULL
       WHERE id = $1 AND status IN ('SUSPENDED', 'BANNED') RETURNING id`,
      [userId],
    );
    demandChanged(changed);
    await context.observe({ type: "account.reactivated", userId, cause: "by-hand", actor: refOf(actor) }, tx);
  });
}

export async function changeRole(context: Context, actor: Actor, userId: Uuid, role: Role): Promise<void> {
  if (!ROLES.includes(role)) throw invalid("role", "There is no such role");
  await context.database.transaction(async (tx) => {
    const target = await holdTarget(context, tx, actor, "users.change-role", userId, role);
    if (target.role === role) return;
    await demandOtherAdmin(tx, target);
    await tx.query("UPDATE users SET role = $2 WHERE id = $1", [userId, role]);
    // The link that makes the first administrator has nobody left to make.
    if (role === "ADMIN") await withdrawOpenInvitations(tx, context.clock.now());
    await context.observe(
      { type: "account.role-changed", userId, from: target.role, to: role, actor: refOf(actor) },
      tx,
    );
  });
}

function demandChanged(rows: readonly object[]): void {
  if (rows.length === 0)
    throw new IdentityError("unknown-user", "The account is in no state this applies to");
}

function checkReason(reason: string): void {
  if (reason.length > MAX_REASON || reason.includes("\0") || !reason.isWellFormed()) {
    throw invalid("reason", "A reason is a text of at most 500 characters");
  }
}

function invalid(field: string, message: string): IdentityError {
  return new IdentityError("validation-failed", message, { details: { field } });
}
