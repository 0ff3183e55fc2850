import type { Queryable, Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { factorMethods } from "../factors/methods.ts";
import { type FactorProof, isGuessable, joinAmr, proveFactor } from "../factors/prove.ts";
import { chargeFactor } from "../passwords/prove.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { digest, isToken, mintToken } from "../tokens.ts";
import type { Client, SecondFactorNeeded, SignedIn } from "../types.ts";
import { type Attempt, forgiveAttempt, refundAttempt } from "./attempts.ts";
import { checkStatus, enter, holdCandidate } from "./enter.ts";

/** Sign-ins of one account that may wait for their second factor at once; the oldest go. */
const MAX_OPEN = 10;

/** Keeps in mind that the password was right. In the caller's transaction. */
export async function challengeFor(
  context: Context,
  tx: Transaction,
  userId: Uuid,
  client: Client,
): Promise<SecondFactorNeeded> {
  const challenge = mintToken(context.random);
  const expiresAt = context.clock.now() + context.config.factors.challengeMs;
  await tx.query(
    `WITH dropped AS (
       DELETE FROM sign_in_challenges WHERE token_hash IN (
         SELECT token_hash FROM sign_in_challenges WHERE user_id = $2 ORDER BY expires_at DESC OFFSET $4))
     INSERT INTO sign_in_challenges (token_hash, user_id, expires_at) VALUES ($1, $2, $3)`,
    [digest(challenge), userId, instant(expiresAt), MAX_OPEN - 1],
  );
  await context.observe({ type: "auth.login.challenged", userId, client }, tx);
  return { status: "second-factor", challenge, expiresAt, methods: await factorMethods(tx, userId) };
}

/** Whose sign-in this challenge stands for. Throws `invalid-challenge`. */
export async function readChallenge(context: Context, db: Queryable, challenge: string): Promise<Uuid> {
  const [row] = isToken(challenge)
    ? await db.query<{ user_id: Uuid }>(
        "SELECT user_id FROM sign_in_challenges WHERE token_hash = $1 AND expires_at > $2",
        [digest(challenge), instant(context.clock.now())],
      )
    : [];
  if (row === undefined) throw invalidChallenge();
  return row.user_id;
}

/**
 * Completes a sign-in by its second factor. A wrong one leaves the challenge open for another try, slower each time; the right
 * one uses it up.
 */
export async function completeSignIn(
  context: Context,
  sessions: Sessions,
  { challenge, proof }: { readonly challenge: string; readonly proof: FactorProof },
  client: Client,
): Promise<SignedIn> {
  const userId = await readChallenge(context, context.database, challenge);
  const attempt = isGuessable(proof) ? await chargeFactor(context, userId) : [];
  const outcome = await refundedOnError(context, attempt, () =>
    context.database.transaction(async (tx) => {
      const row = await holdCandidate(tx, userId);
      if (row === null) return invalidChallenge();
      await readChallenge(context, tx, challenge);
      const binding = { ceremony: "second-factor", challenge } as const;
      const evidence = await proveFactor(context, tx, row, proof, binding);
      if (evidence === null) return refuseFactor(context, tx, userId, client);
      await forgiveAttempt(tx, attempt);
      await tx.query("DELETE FROM sign_in_challenges WHERE token_hash = $1", [digest(challenge)]);
      const barred = await checkStatus(context, tx, row, client);
      if (barred !== null) return barred;
      const amr = joinAmr(["pwd"], evidence.amr);
      return enter(context, sessions, tx, { row, amr, client, passkeyId: evidence.passkeyId });
    }),
  );
  if (outcome instanceof IdentityError) throw outcome;
  return outcome;
}

/** Told like a wrong code, also where there is no such account. A refusal is returned, so that its record commits. */
export async function refuseFactor(
  context: Context,
  tx: Transaction,
  userId: Uuid | null,
  client: Client,
): Promise<IdentityError> {
  const reason = userId === null ? "unknown-account" : "wrong-factor";
  await context.observe({ type: "auth.login.failed", userId, reason, client }, tx);
  return wrongFactor();
}

/** What was not judged is not charged. */
async function refundedOnError<T>(context: Context, attempt: Attempt, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    await refundAttempt(context.database, attempt);
    throw error;
  }
}

function invalidChallenge(): IdentityError {
  return new IdentityError("invalid-challenge", "This sign-in is over: begin again");
}

export function wrongFactor(): IdentityError {
  return new IdentityError("wrong-factor", "This code or passkey is not right");
}
