import type { Transaction } from "@rempart/database";
import { instant } from "../context.ts";
import { searchForm } from "../names.ts";
import type { Account } from "../types.ts";

export interface NewAccount extends Account {
  readonly language: string | null;
  readonly passwordHash: string;
}

/** Violates `users_email_key` when the address is taken. */
export async function insertAccount(tx: Transaction, account: NewAccount): Promise<void> {
  const { id, email, name, role, createdAt, emailVerifiedAt, language } = account;
  const verified = emailVerifiedAt === null ? null : instant(emailVerifiedAt);
  const now = instant(createdAt);
  await tx.query(
    `INSERT INTO users (id, email, name, role, language, email_verified_at, created_at, last_active_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
    [id, email, name, role, language, verified, now],
  );
  await tx.query("INSERT INTO credentials (user_id, password_hash, changed_at) VALUES ($1, $2, $3)", [
    id,
    account.passwordHash,
    now,
  ]);
  await tx.query("INSERT INTO directory_entries (user_id, search_name) VALUES ($1, $2)", [
    id,
    searchForm(name),
  ]);
}
