import type { Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { ACCOUNT_COLUMNS, type AccountRow, toAccount } from "../account-row.ts";
import { type Context, instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { isFresh, stepUpRequired } from "../factors/assurance.ts";
import type { Account, Authenticated, AuthMethod } from "../types.ts";

export interface Held extends Authenticated {
  /** Of the mails to this person. */
  readonly language: string | null;
}

interface HeldRow extends AccountRow {
  language: string | null;
  amr: AuthMethod[];
  authenticated_at: Date;
  factor_at: Date | null;
}

/** One transaction at a time for an account. */
export async function holdUser(tx: Transaction, userId: Uuid): Promise<void> {
  await tx.query("SELECT id FROM users WHERE id = $1 FOR UPDATE", [userId]);
}

/**
 * The account and session as they are now, held until the transaction ends: a request may rest on a memory a second old,
 * and what it changes may not. Throws `session-ended`.
 */
export async function hold(context: Context, tx: Transaction, who: Authenticated): Promise<Held> {
  await holdUser(tx, who.account.id);
  // A statement of its own: after waiting for the lock, it sees what the other transaction did.
  const [row] = await tx.query<HeldRow>(
    `SELECT ${ACCOUNT_COLUMNS}, u.language, s.amr, s.authenticated_at, s.factor_at
     FROM users u JOIN sessions s ON s.user_id = u.id
     WHERE u.id = $1 AND s.id = $2 AND s.ended_at IS NULL AND s.expires_at > $3 AND u.status = 'ACTIVE'`,
    [who.account.id, who.session.id, instant(context.clock.now())],
  );
  if (row === undefined) throw new IdentityError("session-ended", "This session is over");
  const session = {
    ...who.session,
    amr: row.amr,
    authenticatedAt: row.authenticated_at.getTime(),
    factorAt: row.factor_at?.getTime() ?? null,
  };
  return { account: toAccount(row), session, language: row.language };
}

/** The same for what only a fresh proof may change. Throws `step-up-required`, too. */
export async function holdFresh(context: Context, tx: Transaction, who: Authenticated): Promise<Held> {
  const held = await hold(context, tx, who);
  if (!isFresh(held, context.config.factors.freshMs, context.clock.now())) throw stepUpRequired();
  return held;
}

export async function readAccount(
  tx: Transaction,
  userId: Uuid,
): Promise<{ account: Account; language: string | null } | null> {
  const [row] = await tx.query<AccountRow & { language: string | null }>(
    `SELECT ${ACCOUNT_COLUMNS}, u.language FROM users u WHERE u.id = $1 AND u.status <> 'DELETED'`,
    [userId],
  );
  return row === undefined ? null : { account: toAccount(row), language: row.language };
}
