import type { Uuid } from "@rempart/kernel";

export type Role = "USER" | "MODERATOR" | "ADMIN";

/** A signed-in person's own account. Times are Unix milliseconds. */
export interface Account {
  readonly id: Uuid;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
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
}

export interface Authenticated {
  readonly account: Account;
  readonly session: Session;
}

export interface SignedIn extends Authenticated {
  /** The bearer secret, 43 characters of base64url. It is in no table and in no log: this is its only appearance. */
  readonly token: string;
}

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
  /** The account opened more sessions than `perAccount`; this one was used the longest ago. */
  | "superseded"
  | "suspended"
  | "banned"
  | "deleted";

export interface SessionEnded {
  readonly sessionId: Uuid;
  readonly userId: Uuid;
  readonly reason: EndReason;
}
