import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { type Attempt, chargeAttempt, factorCounters, refundAttempt } from "../sign-in/attempts.ts";
import { normalisePassword } from "./policy.ts";

/** Charges one guess of somebody who holds a session or a password. Throws `rate-limited`. */
export async function chargeFactor(context: Context, userId: Uuid): Promise<Attempt> {
  const { attempts } = context.config;
  const attempt = factorCounters(userId, attempts);
  await context.database.transaction((tx) =>
    chargeAttempt(tx, attempt, attempts.forgetMs, context.clock.now()),
  );
  return attempt;
}

/** Checks a password against a hash, or against nothing at the same price. When the queue is full, nothing was judged and nothing is charged. */
export async function matchesPassword(
  context: Context,
  attempt: Attempt,
  passwordHash: string | null,
  password: string,
): Promise<boolean> {
  const normalised = normalisePassword(password);
  try {
    const matches = await context.hasher.verify(passwordHash ?? context.hasher.decoy, normalised ?? "");
    return matches && normalised !== null;
  } catch (error) {
    await refundAttempt(context.database, attempt);
    throw error;
  }
}

interface Password {
  readonly hash: string;
  readonly version: number;
}

/** The password of somebody who is signed in, if `password` is it; null when it is not. */
export async function provePassword(
  context: Context,
  attempt: Attempt,
  userId: Uuid,
  password: string,
): Promise<Password | null> {
  const [present] = await context.database.query<Password>(
    "SELECT password_hash AS hash, version FROM credentials WHERE user_id = $1",
    [userId],
  );
  const matches = await matchesPassword(context, attempt, present?.hash ?? null, password);
  return matches ? (present ?? null) : null;
}

/** False: it was changed or reset since. A hash renewed with other parameters is the same password. */
export async function isPresentPassword(tx: Queryable, userId: Uuid, version: number): Promise<boolean> {
  const rows = await tx.query("SELECT 1 FROM credentials WHERE user_id = $1 AND version = $2", [
    userId,
    version,
  ]);
  return rows.length > 0;
}

export async function writePasswordHash(
  tx: Queryable,
  userId: Uuid,
  passwordHash: string,
  at: Date,
): Promise<void> {
  await tx.query(
    "UPDATE credentials SET password_hash = $2, changed_at = $3, version = version + 1 WHERE user_id = $1",
    [userId, passwordHash, at],
  );
}
