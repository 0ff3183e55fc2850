import type { Uuid } from "@rempart/kernel";
import type { Client, EndReason, Role } from "./types.ts";

/** What happened, for an audit log. No event carries a token, a password or a hash. */
export type IdentityEvent =
  | { readonly type: "auth.signup"; readonly userId: Uuid; readonly role: Role; readonly client: Client }
  | {
      readonly type: "auth.login.succeeded";
      readonly userId: Uuid;
      readonly sessionId: Uuid;
      readonly client: Client;
    }
  | {
      readonly type: "auth.login.failed";
      /** Null: nobody has this address. */
      readonly userId: Uuid | null;
      readonly reason: "unknown-account" | "wrong-password" | "suspended" | "banned";
      readonly client: Client;
    }
  | {
      readonly type: "auth.session.revoked";
      readonly userId: Uuid;
      readonly sessionId: Uuid;
      readonly reason: EndReason;
    }
  | { readonly type: "auth.password.rehashed"; readonly userId: Uuid }
  | { readonly type: "auth.invitation.created"; readonly invitationId: Uuid; readonly role: Role }
  | {
      readonly type: "auth.invitation.redeemed";
      readonly invitationId: Uuid;
      readonly userId: Uuid;
      readonly role: Role;
    }
  | { readonly type: "account.renamed"; readonly userId: Uuid }
  | {
      readonly type: "account.suspended";
      readonly userId: Uuid;
      /** Unix milliseconds; null: until somebody lifts it. */
      readonly until: number | null;
      readonly reason: string;
    }
  | { readonly type: "account.banned"; readonly userId: Uuid; readonly reason: string }
  | {
      readonly type: "account.reactivated";
      readonly userId: Uuid;
      readonly cause: "by-hand" | "suspension-over";
    };
