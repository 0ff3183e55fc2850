import type { Transaction } from "@rempart/database";
import type { Context } from "../context.ts";
import { type Held, hold } from "../credentials/held.ts";
import { IdentityError } from "../errors.ts";
import { chargeFactor, isPresentPassword, provePassword } from "../passwords/prove.ts";
import { forgiveAttempt } from "../sign-in/attempts.ts";
import { wrongFactor } from "../sign-in/second-factor.ts";
import type { Authenticated, Session } from "../types.ts";
import { type Evidence, type FactorProof, isGuessable, joinAmr, proveFactor } from "./prove.ts";
import { markProven } from "./session-proof.ts";

/** A passkey alone; or the password, with a second factor when the account has one. */
export interface StepUpProof {
  readonly password?: string | undefined;
  readonly factor?: FactorProof | undefined;
}

type Failure = "wrong-password" | "wrong-factor";

/**
 * The holder of this session proves themselves again. Throws `wrong-credentials` for the password, `wrong-factor` for the
 * rest, `rate-limited`, `session-ended`.
 */
export async function stepUp(
  context: Context,
  who: Authenticated,
  { password, factor }: StepUpProof,
): Promise<Session> {
  const guessed = password !== undefined || factor === undefined || isGuessable(factor);
  const attempt = guessed ? await chargeFactor(context, who.account.id) : [];
  const proven =
    password === undefined ? null : await provePassword(context, attempt, who.account.id, password);
  const outcome = await context.database.transaction(async (tx) => {
    const held = await hold(context, tx, who);
    const passwordHolds = proven !== null && (await isPresentPassword(tx, held.account.id, proven.version));
    const evidence = await weigh(context, tx, held, passwordHolds, factor);
    if (typeof evidence === "string") return refuse(context, tx, held, evidence);
    await forgiveAttempt(tx, attempt);
    return settle(context, tx, held, evidence);
  });
  if (outcome instanceof IdentityError) throw outcome;
  return outcome;
}

async function weigh(
  context: Context,
  tx: Transaction,
  { account, session, language }: Held,
  passwordHolds: boolean,
  factor: FactorProof | undefined,
): Promise<Evidence | Failure> {
  const passkeyAlone = factor?.method === "passkey";
  if (!passkeyAlone && !passwordHolds) return "wrong-password";
  if (!passkeyAlone && !account.mfaEnabled) return { amr: ["pwd"], passkeyId: null };
  if (factor === undefined) return "wrong-factor";
  const holder = { id: account.id, email: account.email, language };
  const binding = { ceremony: "step-up", sessionId: session.id } as const;
  const evidence = await proveFactor(context, tx, holder, factor, binding);
  if (evidence === null) return "wrong-factor";
  return passwordHolds ? { ...evidence, amr: joinAmr(["pwd"], evidence.amr) } : evidence;
}

async function refuse(
  context: Context,
  tx: Transaction,
  { account, session }: Held,
  reason: Failure,
): Promise<IdentityError> {
  await context.observe(
    { type: "auth.step-up.failed", userId: account.id, sessionId: session.id, reason },
    tx,
  );
  return reason === "wrong-factor"
    ? wrongFactor()
    : new IdentityError("wrong-credentials", "This is not the present password");
}

async function settle(
  context: Context,
  tx: Transaction,
  { account, session }: Held,
  evidence: Evidence,
): Promise<Session> {
  const proven = await markProven(context, tx, session, evidence);
  await context.observe(
    {
      type: "auth.step-up.succeeded",
      userId: account.id,
      sessionId: session.id,
      amr: evidence.amr,
    },
    tx,
  );
  return proven;
}
