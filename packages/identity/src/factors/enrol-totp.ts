import type { Context } from "../context.ts";
import { hold, holdFresh } from "../credentials/held.ts";
import { IdentityError } from "../errors.ts";
import { chargeFactor } from "../passwords/prove.ts";
import { forgiveAttempt } from "../sign-in/attempts.ts";
import { wrongFactor } from "../sign-in/second-factor.ts";
import type { Authenticated } from "../types.ts";
import { toBase32 } from "./base32.ts";
import { firstRecoveryCodes, tell } from "./factors.ts";
import { markProven } from "./session-proof.ts";
import { otpauthUri, SEED_BYTES } from "./totp.ts";
import { confirmPendingSeed, demandEnvelopes, insertPendingSeed } from "./totp-factor.ts";

export interface TotpEnrolment {
  /** Base32, for who cannot scan. */
  readonly secret: string;
  /** `otpauth://…`, for a QR code. */
  readonly uri: string;
  /** Unix milliseconds: the first code must come before. */
  readonly expiresAt: number;
}

export interface EnrolledFactor {
  /** Shown once, stored nowhere; null when the account had some already. */
  readonly recoveryCodes: readonly string[] | null;
}

/** A seed for an authenticator app. Nothing changes until its first code is confirmed. Throws `step-up-required`, `not-configured`. */
export async function startTotp(context: Context, who: Authenticated): Promise<TotpEnrolment> {
  demandEnvelopes(context);
  const { issuer, enrolmentMs } = context.config.factors;
  const seed = context.random.bytes(SEED_BYTES);
  await context.database.transaction(async (tx) => {
    const { account } = await holdFresh(context, tx, who);
    await insertPendingSeed(context, tx, account.id, seed);
  });
  return {
    secret: toBase32(seed),
    uri: otpauthUri(seed, issuer, who.account.email),
    expiresAt: context.clock.now() + enrolmentMs,
  };
}

/**
 * The first code of the app: from now on the account asks for one. An earlier app's codes end, and this session has shown its
 * second factor. Throws `wrong-factor`, `rate-limited`.
 */
export async function confirmTotp(
  context: Context,
  who: Authenticated,
  code: string,
): Promise<EnrolledFactor> {
  demandEnvelopes(context);
  const attempt = await chargeFactor(context, who.account.id);
  const outcome = await context.database.transaction(async (tx) => {
    const held = await hold(context, tx, who);
    const factorId = await confirmPendingSeed(context, tx, held.account.id, code);
    if (factorId === null) return wrongFactor();
    await forgiveAttempt(tx, attempt);
    await markProven(context, tx, held.session, { amr: ["otp", "mfa"], passkeyId: null });
    await tell(context, tx, held, "added", "totp", factorId);
    return { recoveryCodes: await firstRecoveryCodes(context, tx, held.account.id) };
  });
  if (outcome instanceof IdentityError) throw outcome;
  return outcome;
}
