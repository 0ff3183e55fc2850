import type { Queryable, Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type AccountRow, toAccount } from "../account-row.ts";
import { type Context, instant } from "../context.ts";
import { normaliseEmail } from "../email.ts";
import { IdentityError } from "../errors.ts";
import { normalisePassword } from "../passwords/policy.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Client, SignedIn } from "../types.ts";
import { type Attempt, chargeAttempt, countersOf, forgiveAttempt, refundAttempt } from "./attempts.ts";

interface KnownAccount extends AccountRow {
  status: "ACTIVE" | "SUSPENDED" | "BANNED" | "DELETED";
  suspended_until: Date | null;
  password_hash: string;
  /** Where the account has signed in before, as far as sessions are remembered. */
  addresses: string[];
}

/**
 * Signs in with e-mail and password. An unknown address, a deleted account and a wrong password take the same statements,
 * the same hashing and the same words; that an account is suspended or banned is told only to who knows its password.
 */
export async function signIn(
  context: Context,
  sessions: Sessions,
  input: { email: string; password: string },
  client: Client,
): Promise<SignedIn> {
  const email = normaliseEmail(input.email);
  const { known, attempt } = await admit(context, email ?? input.email.slice(0, 320), client);
  const proven = await provePassword(context, attempt, known, input.password);
  const outcome = await context.database.transaction((tx) =>
    known !== null && proven
      ? enter(context, sessions, tx, known.id, attempt, client)
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
    `SELECT u.id, u.email, u.name, u.role, u.status, u.created_at, u.suspended_until, c.password_hash,
       ARRAY(SELECT DISTINCT s.ip_address FROM sessions s WHERE s.user_id = u.id) AS addresses
     FROM users u JOIN credentials c ON c.user_id = u.id
     WHERE u.email = $1 AND u.status <> 'DELETED'`,
    [email],
  );
  return rows[0] ?? null;
}

/** Always checks some hash. When the queue is full nothing was judged, so nothing is charged. */
async function provePassword(
  context: Context,
  attempt: Attempt,
  known: KnownAccount | null,
  password: string,
): Promise<boolean> {
  const normalised = normalisePassword(password);
  try {
    const matches = await context.hasher.verify(
      known?.password_hash ?? context.hasher.decoy,
      normalised ?? "",
    );
    return matches && normalised !== null;
  } catch (error) {
    await refundAttempt(context.database, attempt);
    throw error;
  }
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

/** The account is read again and held: a suspension that commits while the password was checked is not overtaken. */
async function enter(
  context: Context,
  sessions: Sessions,
  tx: Transaction,
  userId: Uuid,
  attempt: Attempt,
  client: Client,
): Promise<SignedIn | IdentityError> {
  const [row] = await tx.query<KnownAccount>(
    "SELECT id, email, name, role, status, created_at, suspended_until FROM users WHERE id = $1 FOR UPDATE",
    [userId],
  );
  if (row === undefined || row.status === "DELETED") return refuse(context, tx, null, client);
  await forgiveAttempt(tx, attempt);
  const barred = await checkStatus(context, tx, row, client);
  if (barred !== null) return barred;
  const opened = await sessions.open(tx, row.id, client);
  await tx.query("UPDATE users SET last_active_at = $2 WHERE id = $1", [
    row.id,
    instant(context.clock.now()),
  ]);
  await context.observe(
    { type: "auth.login.succeeded", userId: row.id, sessionId: opened.session.id, client },
    tx,
  );
  return { account: toAccount(row), ...opened };
}

async function checkStatus(
  context: Context,
  tx: Transaction,
  row: KnownAccount,
  client: Client,
): Promise<IdentityError | null> {
  if (row.status === "ACTIVE") return null;
  const until = row.suspended_until?.getTime() ?? null;
  if (row.status === "SUSPENDED" && until !== null && until <= context.clock.now()) {
    await liftSuspension(tx, row.id);
    await context.observe({ type: "account.reactivated", userId: row.id, cause: "suspension-over" }, tx);
    return null;
  }
  const reason = row.status === "BANNED" ? "banned" : "suspended";
  await context.observe({ type: "auth.login.failed", userId: row.id, reason, client }, tx);
  return reason === "banned"
    ? new IdentityError("account-banned", "This account is banned")
    : new IdentityError("account-suspended", "This account is suspended", {
        details: { suspendedUntil: until },
      });
}

async function liftSuspension(tx: Queryable, userId: Uuid): Promise<void> {
  await tx.query(
    `UPDATE users SET status = 'ACTIVE', suspended_at = NULL, suspended_until = NULL, suspension_reason = NULL
     WHERE id = $1`,
    [userId],
  );
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
