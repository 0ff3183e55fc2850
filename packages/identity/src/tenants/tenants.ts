import type { Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { demandPermission } from "../administration/authority.ts";
import { type Context, instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import type { Invitation } from "../invitations.ts";
import { normaliseName } from "../names.ts";
import { type Actor, refOf } from "../roles/actor.ts";
import type { Account, Session, TenantRole } from "../types.ts";
import {
  acceptInvitation,
  addMember,
  invite,
  type TenantInvitation,
  withdrawInvitation,
} from "./invitations.ts";
import {
  demandOtherOwner,
  demandRoom,
  holdTenant,
  type Member,
  type Membership,
  membershipsOf,
  membersOf,
  roleIn,
} from "./store.ts";

/**
 * Organisations. Acts on one need an actor that stands for it: a session after `enter`, a token made since, or an API key of
 * the organisation. Codes of all that take an actor: `forbidden`, `mfa-enrolment-required`, `step-up-required`,
 * `unknown-tenant`.
 */
export interface Tenants {
  /** The account becomes the first owner. Codes: `validation-failed`, `too-many`. */
  create(account: { readonly id: Uuid }, name: string): Promise<Membership>;
  /** Those of one person, by name. */
  of(userId: Uuid): Promise<Membership[]>;
  /** The session stands for this organisation from now on, or for the person alone. Code: `not-a-member`. */
  enter(session: Session, tenantId: Uuid | null): Promise<void>;
  members(actor: Actor, tenantId: Uuid): Promise<Member[]>;
  rename(actor: Actor, tenantId: Uuid, name: string): Promise<void>;
  /** A token for the holder of one address; an earlier one for it ends. */
  invite(actor: Actor, tenantId: Uuid, invitation: TenantInvitation): Promise<Invitation>;
  /** False: there was none open for this address. */
  withdrawInvitation(actor: Actor, tenantId: Uuid, email: string): Promise<boolean>;
  /** Codes: `invalid-invitation` (also when it is somebody else's), `already-member`, `too-many`. */
  accept(account: Account, token: string): Promise<Membership>;
  /** Codes: `not-a-member`, `last-administrator`. */
  changeRole(actor: Actor, tenantId: Uuid, userId: Uuid, role: TenantRole): Promise<void>;
  /** Codes: `not-a-member`, `last-administrator`. */
  remove(actor: Actor, tenantId: Uuid, userId: Uuid): Promise<void>;
  /** Codes: `not-a-member`, `last-administrator`. */
  leave(userId: Uuid, tenantId: Uuid): Promise<void>;
  /** With its memberships, invitations and API keys. */
  delete(actor: Actor, tenantId: Uuid): Promise<void>;
}

export function createTenants(context: Context, changing: <T>(act: () => Promise<T>) => Promise<T>): Tenants {
  return {
    create: (account, name) => changing(() => create(context, account.id, name)),
    of: (userId) => membershipsOf(context.database, userId),
    enter: (session, tenantId) => changing(() => enter(context, session, tenantId)),
    async members(actor, tenantId) {
      demandPermission(context, actor, "tenant.read", { tenantId });
      return membersOf(context.database, tenantId);
    },
    rename: (actor, tenantId, name) => rename(context, actor, tenantId, name),
    invite: (actor, tenantId, invitation) => invite(context, actor, tenantId, invitation),
    withdrawInvitation: (actor, tenantId, email) => withdrawInvitation(context, actor, tenantId, email),
    accept: (account, token) => changing(() => acceptInvitation(context, account, token)),
    changeRole: (actor, tenantId, userId, role) =>
      changing(() => changeMember(context, actor, tenantId, userId, role)),
    remove: (actor, tenantId, userId) => changing(() => changeMember(context, actor, tenantId, userId, null)),
    leave: (userId, tenantId) => changing(() => leave(context, userId, tenantId)),
    delete: (actor, tenantId) => changing(() => destroy(context, actor, tenantId)),
  };
}

async function create(context: Context, userId: Uuid, text: string): Promise<Membership> {
  const name = nameOf(text);
  const id = context.newId();
  const createdAt = context.clock.now();
  await context.database.transaction(async (tx) => {
    // Held, so that the count below is still true when the row is written.
    await tx.query("SELECT id FROM users WHERE id = $1 FOR UPDATE", [userId]);
    await demandRoom(tx, "user_id", userId, context.config.tenants.perAccount);
    await tx.query("INSERT INTO tenants (id, name, created_at) VALUES ($1, $2, $3)", [
      id,
      name,
      instant(createdAt),
    ]);
    await context.observe({ type: "tenant.created", tenantId: id, userId }, tx);
    await addMember(context, tx, id, userId, "OWNER");
  });
  return { id, name, createdAt, role: "OWNER" };
}

/** Whether the person is a member is asked again at every check of the session: who leaves stops standing for it. */
async function enter(context: Context, session: Session, tenantId: Uuid | null): Promise<void> {
  if (tenantId !== null && (await roleIn(context.database, tenantId, session.userId)) === null)
    throw notAMember();
  await context.database.transaction(async (tx) => {
    await tx.query("UPDATE sessions SET tenant_id = $2 WHERE id = $1 AND ended_at IS NULL", [
      session.id,
      tenantId,
    ]);
    await context.observe(
      { type: "auth.session.tenant", userId: session.userId, sessionId: session.id, tenantId },
      tx,
    );
  });
}

async function rename(context: Context, actor: Actor, tenantId: Uuid, text: string): Promise<void> {
  demandPermission(context, actor, "tenant.rename", { tenantId });
  const name = nameOf(text);
  await context.database.transaction(async (tx) => {
    await holdTenant(tx, tenantId);
    await tx.query("UPDATE tenants SET name = $2 WHERE id = $1", [tenantId, name]);
    await context.observe({ type: "tenant.renamed", tenantId, actor: refOf(actor) }, tx);
  });
}

/** `role` null removes. */
async function changeMember(
  context: Context,
  actor: Actor,
  tenantId: Uuid,
  userId: Uuid,
  role: TenantRole | null,
): Promise<void> {
  await context.database.transaction(async (tx) => {
    await holdTenant(tx, tenantId);
    const from = await roleIn(tx, tenantId, userId);
    const grants = role === null ? {} : { grants: role };
    demandPermission(context, actor, "tenant.change-member", {
      tenantId,
      userId,
      role: from ?? "MEMBER",
      ...grants,
    });
    if (from === null) throw notAMember();
    if (from === "OWNER" && role !== "OWNER") await demandOtherOwner(tx, tenantId, userId);
    if (role === null) return removeMember(context, tx, tenantId, userId, actor);
    await tx.query("UPDATE memberships SET role = $3 WHERE tenant_id = $1 AND user_id = $2", [
      tenantId,
      userId,
      role,
    ]);
    await context.observe(
      { type: "tenant.member.role-changed", tenantId, userId, from, to: role, actor: refOf(actor) },
      tx,
    );
  });
}

async function leave(context: Context, userId: Uuid, tenantId: Uuid): Promise<void> {
  await context.database.transaction(async (tx) => {
    await holdTenant(tx, tenantId);
    const role = await roleIn(tx, tenantId, userId);
    if (role === null) throw notAMember();
    if (role === "OWNER") await demandOtherOwner(tx, tenantId, userId);
    await removeMember(context, tx, tenantId, userId, null);
  });
}

async function removeMember(
  context: Context,
  tx: Transaction,
  tenantId: Uuid,
  userId: Uuid,
  actor: Actor | null,
): Promise<void> {
  await tx.query("DELETE FROM memberships WHERE tenant_id = $1 AND user_id = $2", [tenantId, userId]);
  const by = actor === null ? null : refOf(actor);
  await context.observe({ type: "tenant.member.removed", tenantId, userId, actor: by }, tx);
}

async function destroy(context: Context, actor: Actor, tenantId: Uuid): Promise<void> {
  demandPermission(context, actor, "tenant.delete", { tenantId });
  await context.database.transaction(async (tx) => {
    await holdTenant(tx, tenantId);
    await tx.query("DELETE FROM tenants WHERE id = $1", [tenantId]);
    await context.observe({ type: "tenant.deleted", tenantId, actor: refOf(actor) }, tx);
  });
}

function nameOf(text: string): string {
  const name = normaliseName(text);
  if (name !== null) return name;
  throw new IdentityError("validation-failed", "This name cannot be shown", { details: { field: "name" } });
}

function notAMember(): IdentityError {
  return new IdentityError("not-a-member", "This person is no member of the organisation");
}
