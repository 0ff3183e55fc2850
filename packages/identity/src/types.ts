import type { Uuid } from "@rempart/kernel";

export type Role = "USER" | "MODERATOR" | "ADMIN";

/** A signed-in person's own account. Times are Unix milliseconds. */
export interface Account {
  readonly id: Uuid;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  /** Null: nobody has shown yet that mail to this address reaches the owner. */
  readonly emailVerifiedAt: number | null;
  /** It has a second factor, so a password alone signs nobody in. */
  readonly mfaEnabled: boolean;
}

/** How somebody proved who they are (RFC 8176): `pop` is a passkey's key, `user` a person at the device, `mfa` two factors. */
export type AuthMethod = "pwd" | "otp" | "pop" | "user" | "mfa";

/** Roles within one organisation. An owner may do all that an administrator may, who may do all that a member may. */
export type TenantRole = "MEMBER" | "ADMIN" | "OWNER";

/** The organisation somebody acts in, and as what. */
export interface Tenancy {
  readonly id: Uuid;
  readonly role: TenantRole;
}

export interface Session {
  readonly id: Uuid;
  readonly userId: Uuid;
  readonly createdAt: number;
  /** Exact to the minute: it is written at most that often. */
  readonly lastUsedAt: number;
  /** The session ends here at the latest, and earlier when it lies idle. */
  readonly expiresAt: number;
  readonly userAgent: string;
  readonly address: string;
  /** Null: the session stands for the person alone. */
  readonly tenant: Tenancy | null;
  readonly amr: readonly AuthMethod[];
  /** The last sign-in or step-up of this session. */
  readonly authenticatedAt: number;
  /** The last proof by a second factor or a passkey; null: none in this session. */
  readonly factorAt: number | null;
}

export interface Authenticated {
  readonly account: Account;
  readonly session: Session;
}

export interface SignedIn extends Authenticated {
  /** The bearer secret, 43 characters of base64url. It is in no table and in no log: this is its only appearance. */
  readonly token: string;
}

export type SecondFactor = "totp" | "passkey" | "recovery-code";

/** The password was right; the account also asks for a second factor. */
export interface SecondFactorNeeded {
  readonly status: "second-factor";
  /** For `completeSignIn`, 43 characters of base64url. */
  readonly challenge: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** What the account can answer with. */
  readonly methods: readonly SecondFactor[];
}

export type SignInResult = (SignedIn & { readonly status: "signed-in" }) | SecondFactorNeeded;

/** `verify-email`: a mail is on its way, to a newcomer with a link and to the owner of a taken address with a word of it. */
export type SignUpResult =
  | (SignedIn & { readonly status: "signed-in" })
  | { readonly status: "verify-email" };

/** Who asks, as the edge found out. Both values are attacker-controlled text. */
export interface Client {
  readonly address: string;
  readonly userAgent: string;
}

export interface Person {
  readonly id: Uuid;
  readonly name: string;
  /** Only when the person was found by exactly this address. */
  readonly email?: string;
}

export type EndReason =
  | "signed-out"
  | "signed-out-everywhere"
  | "revoked"
  | "expired"
  /** A token the session had left behind was shown at a refresh: one of two holders is a thief. */
  | "token-reused"
  /** The account opened more sessions than `perAccount`; this one was used the longest ago. */
  | "superseded"
  | "password-changed"
  | "password-reset"
  /** The change of the address was undone from the old one. */
  | "email-restored"
  /** The passkey it was opened with was removed. */
  | "passkey-removed"
  | "suspended"
  | "banned"
  | "deleted";

export interface SessionEnded {
  readonly sessionId: Uuid;
  readonly userId: Uuid;
  readonly reason: EndReason;
}
