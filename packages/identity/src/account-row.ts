import type { Uuid } from "@rempart/kernel";
import type { Account } from "./types.ts";

/** The columns of `users` that make an account as its owner sees it. */
export interface AccountRow {
  id: Uuid;
  email: string;
  name: string;
  role: Account["role"];
  created_at: Date;
  email_verified_at: Date | null;
  mfa_enabled: boolean;
}

/** True for a user `u` with a second factor. Recovery codes are none: they stand in for one. */
export const MFA_ENABLED = `(EXISTS (SELECT 1 FROM passkeys p WHERE p.user_id = u.id)
  OR EXISTS (SELECT 1 FROM totp_factors t WHERE t.user_id = u.id AND t.confirmed_at IS NOT NULL))`;

/** Of `users u`. */
export const ACCOUNT_COLUMNS = `u.id, u.email, u.name, u.role, u.created_at, u.email_verified_at,
  ${MFA_ENABLED} AS mfa_enabled`;

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    createdAt: row.created_at.getTime(),
    emailVerifiedAt: row.email_verified_at?.getTime() ?? null,
    mfaEnabled: row.mfa_enabled,
  };
}
