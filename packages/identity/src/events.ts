import type { Uuid } from "@rempart/kernel";
import type { MailKind } from "./ports.ts";
import type { ActorRef } from "./roles/actor.ts";
import type { Permission } from "./roles/permissions.ts";
import type { AuthMethod, Client, EndReason, Role, TenantRole } from "./types.ts";

/** What happened, for an audit log. No event carries a token, a password or a hash. */
export type IdentityEvent =
  | { readonly type: "auth.signup"; readonly userId: Uuid; readonly role: Role; readonly client: Client }
  | {
      readonly type: "auth.login.succeeded";
      readonly userId: Uuid;
      readonly sessionId: Uuid;
      readonly amr: readonly AuthMethod[];
      readonly client: Client;
    }
  /** The password was right; the second factor is still to come. */
  | { readonly type: "auth.login.challenged"; readonly userId: Uuid; readonly client: Client }
  | {
      readonly type: "auth.login.failed";
      /** Null: nobody has this address. */
      readonly userId: Uuid | null;
      readonly reason: "unknown-account" | "wrong-password" | "wrong-factor" | "suspended" | "banned";
      readonly client: Client;
    }
  | {
      readonly type: "auth.session.revoked";
      readonly userId: Uuid;
      readonly sessionId: Uuid;
      readonly reason: EndReason;
      /** Somebody else ended it by hand. */
      readonly actor?: ActorRef;
    }
  | { readonly type: "auth.session.refreshed"; readonly userId: Uuid; readonly sessionId: Uuid }
  /** Somebody showed a token that its session had left behind: one of two holders is a thief. The session was ended. */
  | {
      readonly type: "auth.token.reused";
      readonly userId: Uuid;
      readonly sessionId: Uuid;
      /** Unix milliseconds. */
      readonly supersededAt: number;
      readonly client: Client;
    }
  /** Continuous use for longer than `session.longMs`. Told once per session. */
  | {
      readonly type: "auth.session.long";
      readonly userId: Uuid;
      readonly sessionId: Uuid;
      /** Unix milliseconds. */
      readonly activeSince: number;
    }
  /** `signsFrom`: Unix milliseconds. */
  | { readonly type: "keys.jwt.rotated"; readonly kid: string; readonly signsFrom: number }
  | { readonly type: "keys.jwt.retired"; readonly kid: string }
  /** Null: the session stands for the person alone again. */
  | {
      readonly type: "auth.session.tenant";
      readonly userId: Uuid;
      readonly sessionId: Uuid;
      readonly tenantId: Uuid | null;
    }
  | {
      readonly type: "auth.api-key.created";
      readonly userId: Uuid;
      readonly keyId: Uuid;
      readonly tenantId: Uuid | null;
      readonly permissions: readonly Permission[];
      readonly actor: ActorRef;
    }
  | {
      readonly type: "auth.api-key.revoked";
      readonly userId: Uuid;
      readonly keyId: Uuid;
      readonly actor: ActorRef;
    }
  | { readonly type: "tenant.created"; readonly tenantId: Uuid; readonly userId: Uuid }
  | { readonly type: "tenant.renamed" | "tenant.deleted"; readonly tenantId: Uuid; readonly actor: ActorRef }
  | {
      readonly type: "tenant.invitation.created";
      readonly tenantId: Uuid;
      readonly invitationId: Uuid;
      readonly role: TenantRole;
      readonly actor: ActorRef;
    }
  | { readonly type: "tenant.invitation.withdrawn"; readonly tenantId: Uuid; readonly actor: ActorRef }
  | {
      readonly type: "tenant.member.added";
      readonly tenantId: Uuid;
      readonly userId: Uuid;
      readonly role: TenantRole;
    }
  | {
      readonly type: "tenant.member.role-changed";
      readonly tenantId: Uuid;
      readonly userId: Uuid;
      readonly from: TenantRole;
      readonly to: TenantRole;
      readonly actor: ActorRef;
    }
  | {
      readonly type: "tenant.member.removed";
      readonly tenantId: Uuid;
      readonly userId: Uuid;
      /** Null: they left. */
      readonly actor: ActorRef | null;
    }
  | { readonly type: "auth.password.rehashed"; readonly userId: Uuid }
  /** `userId`: who has the address already, or null. */
  | { readonly type: "auth.signup.requested"; readonly userId: Uuid | null; readonly client: Client }
  | { readonly type: "auth.email.verified"; readonly userId: Uuid }
  | { readonly type: "auth.email.change-requested"; readonly userId: Uuid; readonly sessionId: Uuid }
  | { readonly type: "auth.email.changed"; readonly userId: Uuid }
  | { readonly type: "auth.email.restored"; readonly userId: Uuid }
  | { readonly type: "auth.password.changed"; readonly userId: Uuid; readonly sessionId: Uuid }
  | {
      readonly type: "auth.password.reset-requested";
      /** Null: nobody has this address. */
      readonly userId: Uuid | null;
      readonly client: Client;
    }
  /** Somebody else made the link, to hand it over. */
  | {
      readonly type: "auth.password.reset-requested";
      readonly userId: Uuid;
      readonly client: null;
      readonly actor: ActorRef;
    }
  | { readonly type: "auth.password.reset"; readonly userId: Uuid; readonly client: Client }
  | {
      readonly type: "auth.factor.added" | "auth.factor.removed";
      readonly userId: Uuid;
      readonly sessionId: Uuid;
      readonly factor: "totp" | "passkey";
      readonly factorId: Uuid;
    }
  | { readonly type: "auth.recovery-codes.replaced"; readonly userId: Uuid; readonly sessionId: Uuid }
  | { readonly type: "auth.recovery-code.used"; readonly userId: Uuid; readonly left: number }
  /** An authenticator counted less than before: somebody may have a copy of its key. The proof was refused. */
  | {
      readonly type: "auth.passkey.counter-regressed";
      readonly userId: Uuid;
      readonly passkeyId: Uuid;
      readonly stored: number;
      readonly shown: number;
    }
  | {
      readonly type: "auth.step-up.succeeded";
      readonly userId: Uuid;
      readonly sessionId: Uuid;
      readonly amr: readonly AuthMethod[];
    }
  /** Somebody made the account's sessions prove themselves again. */
  | {
      readonly type: "auth.step-up.required";
      readonly userId: Uuid;
      readonly sessions: number;
      readonly actor: ActorRef;
    }
  | {
      readonly type: "auth.step-up.failed";
      readonly userId: Uuid;
      readonly sessionId: Uuid;
      readonly reason: "wrong-password" | "wrong-factor";
    }
  /** A mail that could not be sent while it was of use. */
  | {
      readonly type: "mail.dropped";
      readonly mailId: Uuid;
      readonly kind: MailKind;
      readonly attempts: number;
    }
  | { readonly type: "auth.invitation.created"; readonly invitationId: Uuid; readonly role: Role }
  | {
      readonly type: "auth.invitation.redeemed";
      readonly invitationId: Uuid;
      readonly userId: Uuid;
      readonly role: Role;
    }
  | {
      readonly type: "account.created";
      readonly userId: Uuid;
      readonly role: Role;
      readonly actor: ActorRef;
    }
  | { readonly type: "account.renamed"; readonly userId: Uuid }
  /** For good. Without an actor: by its owner. */
  | { readonly type: "account.erased"; readonly userId: Uuid; readonly actor?: ActorRef }
  | {
      readonly type: "account.suspended";
      readonly userId: Uuid;
      /** Unix milliseconds; null: until somebody lifts it. */
      readonly until: number | null;
      readonly reason: string;
      readonly actor: ActorRef;
    }
  | {
      readonly type: "account.banned";
      readonly userId: Uuid;
      readonly reason: string;
      /** To be banned as well; as the edge found them. Empty unless it was asked for. */
      readonly addresses: readonly string[];
      readonly actor: ActorRef;
    }
  | { readonly type: "account.reactivated"; readonly userId: Uuid; readonly cause: "suspension-over" }
  | {
      readonly type: "account.reactivated";
      readonly userId: Uuid;
      readonly cause: "by-hand";
      readonly actor: ActorRef;
    }
  | {
      readonly type: "account.role-changed";
      readonly userId: Uuid;
      readonly from: Role;
      readonly to: Role;
      readonly actor: ActorRef;
    }
  | { readonly type: "account.exported"; readonly userId: Uuid; readonly actor: ActorRef };
