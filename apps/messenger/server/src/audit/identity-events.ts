import type { Audit, AuditEvent, EventType } from "@rempart/audit";
import type { ActorRef, IdentityEvent, Observe } from "@rempart/identity";

/** What each act of identity is called in the log. Null: it is no news to anybody. */
const TYPES: Readonly<Record<IdentityEvent["type"], EventType | null>> = {
  "auth.signup": "auth.signup",
  "auth.signup.requested": "auth.signup",
  "auth.login.succeeded": "auth.login.succeeded",
  "auth.login.challenged": null,
  "auth.login.failed": "auth.login.failed",
  "auth.session.revoked": "auth.session.revoked",
  "auth.session.refreshed": "auth.token.refreshed",
  "auth.session.long": "auth.session.long",
  "auth.session.tenant": "tenant.changed",
  "auth.token.reused": "auth.token.reused",
  "auth.password.rehashed": null,
  "auth.password.changed": "auth.password.changed",
  "auth.password.reset-requested": "auth.password.reset",
  "auth.password.reset": "auth.password.reset",
  "auth.email.verified": "account.changed",
  "auth.email.change-requested": "auth.email.changed",
  "auth.email.changed": "auth.email.changed",
  "auth.email.restored": "auth.email.changed",
  "auth.factor.added": "auth.factor.added",
  "auth.factor.removed": "auth.factor.removed",
  "auth.recovery-codes.replaced": "auth.factor.added",
  "auth.recovery-code.used": "auth.factor.removed",
  "auth.passkey.counter-regressed": "detection.finding",
  "auth.step-up.succeeded": "auth.step-up.succeeded",
  "auth.step-up.failed": "auth.step-up.failed",
  "auth.step-up.required": "admin.operation.update",
  "auth.invitation.created": "auth.invitation",
  "auth.invitation.redeemed": "auth.invitation",
  "auth.api-key.created": "auth.api-key.created",
  "auth.api-key.revoked": "auth.api-key.revoked",
  "account.created": "admin.operation.create",
  "account.renamed": "account.changed",
  "account.suspended": "account.suspended",
  "account.banned": "account.banned",
  "account.reactivated": "account.reactivated",
  "account.role-changed": "privilege.changed",
  "account.erased": "account.deleted",
  "account.exported": "data.export",
  "tenant.created": "tenant.changed",
  "tenant.renamed": "tenant.changed",
  "tenant.deleted": "tenant.changed",
  "tenant.invitation.created": "tenant.changed",
  "tenant.invitation.withdrawn": "tenant.changed",
  "tenant.member.added": "tenant.changed",
  "tenant.member.role-changed": "tenant.changed",
  "tenant.member.removed": "tenant.changed",
  "keys.jwt.rotated": "key.rotated",
  "keys.jwt.retired": "key.rotated",
  "mail.dropped": null,
};

/** Members that every event may have, whatever else it tells. */
interface Common {
  readonly type: IdentityEvent["type"];
  readonly userId?: string | null;
  readonly tenantId?: string | null;
  readonly client?: { readonly address: string; readonly userAgent: string } | null;
  readonly actor?: ActorRef | null;
}

/** An act of identity as the log keeps it; null for what the log does not keep. */
export function auditEventOf(event: IdentityEvent): AuditEvent | null {
  const type = TYPES[event.type];
  if (type === null) return null;
  const { type: act, userId, tenantId, client, actor, ...details }: Common = event;
  const by = actor?.kind === "operator" ? { operator: actor.name } : {};
  const who = actor !== undefined && actor?.kind !== "operator" ? actor?.userId : (userId ?? undefined);
  // Whoever failed to sign in is not the account's owner, but what is known of them is about the account.
  const acted = event.type === "auth.login.failed" ? undefined : who;
  return {
    type,
    actor: {
      ...(acted === undefined ? {} : { userId: acted }),
      ...(tenantId ? { tenantId } : {}),
      ...(client ? { address: client.address, userAgent: client.userAgent } : {}),
    },
    resource: { ...concerned(tenantId, userId), metadata: { act, ...by, ...details } },
    ...(userId && client ? { subject: userId } : {}),
  };
}

/** What it was done to: an organisation, an account, or the installation itself. */
function concerned(tenantId?: string | null, userId?: string | null): { type: string; id: string } {
  if (tenantId) return { type: "tenant", id: tenantId };
  return userId ? { type: "user", id: userId } : { type: "installation", id: "identity" };
}

/** Records what identity does, in the transaction of each act. */
export function identityObserver(audit: Audit): Observe {
  return async (event, tx) => {
    const told = auditEventOf(event);
    if (told !== null) await audit.record(tx, told);
  };
}
