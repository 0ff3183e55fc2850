import type { Queryable, Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { normaliseEmail } from "../email.ts";
import { IdentityError } from "../errors.ts";
import { normalisePassword } from "../passwords/policy.ts";
import { isPresentPassword, matchesPassword } from "../passwords/prove.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Client, SignInResult } from "../types.ts";
import { type Attempt, chargeAttempt, countersOf, forgiveAttempt } from "./attempts.ts";
import { checkStatus, enter, holdCandidate } from "./enter.ts";
import { challengeFor } from "./second-factor.ts";

interface KnownAccount {
  id: Uuid;
  password_hash: string;
  version: number;
  /** Where the account has signed in before, as far as sessions are remembered. */
  addresses: string[];
}

/**
 * Signs in with e-mail and password, as far as the second factor when the account has one. An unknown address, a deleted
 * account and a wrong password take the same statements, the same hashing and the same words; that an account is suspended,
 * banned or has a second factor is told only to who knows its password.
 */
export async function signIn(
  context: Context,
  sessions: Sessions,
  input: { email: string; password: string },
  client: Client,
): Promise<SignInResult> {
  const email = normaliseEmail(input.email);
  const { known, attempt } = await admit(context, email ?? input.email.slice(0, 320), client);
  const proven = await matchesPassword(context, attempt, known?.password_hash ?? null, input.password);
  const outcome = await context.database.transaction((tx) =>
    known !== null && proven
      ? proceed(context, sessions, tx, known, attempt, client)
      : refuse(context, tx, known?.id ?? null, client),
  );
  if (outcome instanceof IdentityError) throw outcome;
  if (known !== null && context.hasher.isOutdated(known.password_hash)) {
    await rehash(context, known, input.password);
  }
  return outcome;
}

async function admit(
  context: Context,
  email: string,
  client: Client,
): Promise<{ known: KnownAccount | null; attempt: Attempt }> {
  const { attempts } = context.config;
  return context.database.transaction(async (tx) => {
    const known = await findKnown(tx, email);
    const attempt = countersOf(email, client.address, known?.addresses ?? [], attempts);
    await chargeAttempt(tx, attempt, attempts.forgetMs, context.clock.now());
    return { known, attempt };
  });
}

async function findKnown(tx: Queryable, email: string): Promise<KnownAccount | null> {
  if (email.includes("\0")) return null;
  const rows = await tx.query<KnownAccount>(
    `SELECT u.id, c.password_hash, c.version,
       ARRAY(SELECT DISTINCT s.ip_address FROM sessions s WHERE s.user_id = u.id) AS addresses
     FROM users u JOIN credentials c ON c.user_id = u.id
     WHERE u.email = $1 AND u.status <> 'DELETED'`,
    [email],
  );
  return rows[0] ?? null;
}

/** A refusal is returned, not thrown, so that what the observer wrote about it commits. */
async function refuse(
  context: Context,
  tx: Transaction,
  userId: Uuid | null,
  client: Client,
): Promise<IdentityError> {
  const reason = userId === null ? "unknown-account" : "wrong-password";
  await context.observe({ type: "auth.login.failed", userId, reason, client }, tx);
  return new IdentityError("wrong-credentials", "Wrong e-mail address or password");
}

async function proceed(
  context: Context,
  sessions: Sessions,
  tx: Transaction,
  known: KnownAccount,
  attempt: Attempt,
  client: Client,
): Promise<SignInResult | IdentityError> {
  const row = await holdCandidate(tx, known.id);
  if (row === null) return refuse(context, tx, null, client);
  // It may have been changed or reset while it was checked: what was proved then opens nothing.
  if (!(await isPresentPassword(tx, known.id, known.version))) return refuse(context, tx, known.id, client);
  await forgiveAttempt(tx, attempt);
  const barred = await checkStatus(context, tx, row, client);
  if (barred !== null) return barred;
  if (row.mfa_enabled) return challengeFor(context, tx, row.id, client);
  return {
    status: "signed-in",
    ...(await enter(context, sessions, tx, { row, amr: ["pwd"], client, passkeyId: null })),
  };
}

/** The parameters changed since this hash was made. Never the reason a sign-in fails. */
async function rehash(context: Context, known: KnownAccount, password: string): Promise<void> {
  try {
    const fresh = await context.hasher.hash(normalisePassword(password) ?? "");
    await context.database.transaction(async (tx) => {
      const replaced = await tx.query(
        `UPDATE credentials SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2 RETURNING user_id`,
        [known.id, known.password_hash, fresh],
      );
      if (replaced.length > 0) {
        await context.observe({ type: "auth.password.rehashed", userId: known.id }, tx);
      }
    });
  } catch (error) {
    context.log.warn({ err: error, userId: known.id }, "could not renew a password hash");
  }
}
