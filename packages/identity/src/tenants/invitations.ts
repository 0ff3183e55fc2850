import type { Queryable, Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { demandPermission } from "../administration/authority.ts";
import { type Context, instant } from "../context.ts";
import { normaliseEmail } from "../email.ts";
import { IdentityError } from "../errors.ts";
import type { Invitation } from "../invitations.ts";
import { type Actor, refOf } from "../roles/actor.ts";
import { TENANT_ROLES } from "../roles/permissions.ts";
import { digest, isToken, mintToken } from "../tokens.ts";
import type { Account, TenantRole } from "../types.ts";
import { demandRoom, holdTenant, type Membership, roleIn } from "./store.ts";

export interface TenantInvitation {
  readonly email: string;
  readonly role: TenantRole;
}

/** Makes a token for the holder of one address; an earlier one for the same address ends. */
export async function invite(
  context: Context,
  actor: Actor,
  tenantId: Uuid,
  { email: address, role }: TenantInvitation,
): Promise<Invitation> {
  demandPermission(context, actor, "tenant.invite", { tenantId });
  const email = normaliseEmail(address);
  if (email === null) throw invalid("email", "This is not an e-mail address");
  demandGrantable(actor, role);
  const token = mintToken(context.random);
  const now = context.clock.now();
  const expiresAt = now + context.config.tenants.invitationMs;
  await context.database.transaction(async (tx) => {
    await holdTenant(tx, tenantId);
    await withdraw(tx, tenantId, email, now);
    const invitationId = context.newId();
    const invitedBy = actor.kind === "operator" ? null : actor.userId;
    await tx.query(
      `INSERT INTO tenant_invitations (id, tenant_id, token_hash, role, email, invited_by, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [invitationId, tenantId, digest(token), role, email, invitedBy, instant(now), instant(expiresAt)],
    );
    await context.observe(
      { type: "tenant.invitation.created", tenantId, invitationId, role, actor: refOf(actor) },
      tx,
    );
  });
  return { token, expiresAt };
}

/** Nobody invites somebody above themselves. */
function demandGrantable(actor: Actor, role: TenantRole): void {
  const rank = TENANT_ROLES.indexOf(role);
  if (rank < 0) throw invalid("role", "There is no such role");
  if (actor.kind === "operator") return;
  const own = actor.tenant === null ? -1 : TENANT_ROLES.indexOf(actor.tenant.role);
  if (rank > own) {
    throw new IdentityError("forbidden", "You may not do this", { details: { reason: "higher-role" } });
  }
}

/** False: there was none open for this address. */
async function withdraw(tx: Queryable, tenantId: Uuid, email: string, now: number): Promise<boolean> {
  const open = await tx.query(
    `UPDATE tenant_invitations SET withdrawn_at = $3
     WHERE tenant_id = $1 AND email = $2 AND redeemed_at IS NULL AND withdrawn_at IS NULL RETURNING id`,
    [tenantId, email, instant(now)],
  );
  return open.length > 0;
}

/** False: there was none open for this address. */
export async function withdrawInvitation(
  context: Context,
  actor: Actor,
  tenantId: Uuid,
  address: string,
): Promise<boolean> {
  demandPermission(context, actor, "tenant.invite", { tenantId });
  const email = normaliseEmail(address);
  if (email === null) return false;
  return context.database.transaction(async (tx) => {
    if (!(await withdraw(tx, tenantId, email, context.clock.now()))) return false;
    await context.observe({ type: "tenant.invitation.withdrawn", tenantId, actor: refOf(actor) }, tx);
    return true;
  });
}

interface OpenInvitation {
  readonly tenant_id: Uuid;
  readonly role: TenantRole;
}

/** For the account of the invited address alone: whoever finds the token in somebody else's mail gains nothing. */
export async function acceptInvitation(
  context: Context,
  account: Account,
  token: string,
): Promise<Membership> {
  return context.database.transaction(async (tx) => {
    const invitation = isToken(token) ? await redeem(tx, token, account.email, context.clock.now()) : null;
    if (invitation === null)
      throw new IdentityError("invalid-invitation", "This invitation is not valid any more");
    return join(context, tx, invitation, account.id);
  });
}

async function redeem(
  tx: Queryable,
  token: string,
  email: string,
  now: number,
): Promise<OpenInvitation | null> {
  const [row] = await tx.query<OpenInvitation>(
    `UPDATE tenant_invitations SET redeemed_at = $3
     WHERE token_hash = $1 AND email = $2 AND redeemed_at IS NULL AND withdrawn_at IS NULL AND expires_at > $3
     RETURNING tenant_id, role`,
    [digest(token), email, instant(now)],
  );
  return row ?? null;
}

async function join(
  context: Context,
  tx: Transaction,
  { tenant_id: tenantId, role }: OpenInvitation,
  userId: Uuid,
): Promise<Membership> {
  const tenant = await holdTenant(tx, tenantId);
  if ((await roleIn(tx, tenantId, userId)) !== null) {
    throw new IdentityError("already-member", "You are a member of this organisation");
  }
  await demandRoom(tx, "tenant_id", tenantId, context.config.tenants.members);
  await demandRoom(tx, "user_id", userId, context.config.tenants.perAccount);
  await addMember(context, tx, tenantId, userId, role);
  return { ...tenant, role };
}

export async function addMember(
  context: Context,
  tx: Transaction,
  tenantId: Uuid,
  userId: Uuid,
  role: TenantRole,
): Promise<void> {
  await tx.query("INSERT INTO memberships (tenant_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)", [
    tenantId,
    userId,
    role,
    instant(context.clock.now()),
  ]);
  await context.observe({ type: "tenant.member.added", tenantId, userId, role }, tx);
}

function invalid(field: string, message: string): IdentityError {
  return new IdentityError("validation-failed", message, { details: { field } });
}
