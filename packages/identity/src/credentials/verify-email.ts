import { isUniqueViolation, type Transaction } from "@rempart/database";
import { type Context, instant } from "../context.ts";
import { demandMails, writeMail } from "../mail/outbox.ts";
import { confirmSignUp } from "../sign-in/pending-sign-up.ts";
import type { Authenticated, Client } from "../types.ts";
import { type Held, hold } from "./held.ts";
import { dropLinks, invalidLink, linkWait, takeLink, tooManyMails, writeLink } from "./links.ts";

/** Mails a link that proves the address. Throws `rate-limited` when several went out already. */
export async function requestEmailVerification(context: Context, who: Authenticated): Promise<void> {
  demandMails(context);
  await context.database.transaction(async (tx) => {
    const held = await hold(context, tx, who);
    if (held.account.emailVerifiedAt !== null) return;
    const wait = await linkWait(context, tx, "verify-email", held.account.email);
    if (wait > 0) throw tooManyMails(wait);
    await mailVerification(context, tx, held);
  });
}

export async function mailVerification(
  context: Context,
  tx: Transaction,
  { account, language }: Pick<Held, "account" | "language">,
): Promise<void> {
  if (!context.mails) return;
  const forMs = context.config.links.verifyEmailMs;
  const { id: userId, email, name } = account;
  const token = await writeLink(context, tx, { userId, purpose: "verify-email", email, forMs });
  await writeMail(context, tx, { to: email, kind: "verify-email", language, values: { token, name }, forMs });
}

/** Takes the link of a sign-up, which then becomes an account, or of an account's address. Throws `invalid-link`. */
export async function verifyEmail(context: Context, token: string, client: Client): Promise<void> {
  try {
    await context.database.transaction(async (tx) => {
      if (await confirmSignUp(context, tx, token, client)) return;
      const { userId, email } = await takeLink(context, tx, "verify-email", token);
      const verified = await tx.query(
        "UPDATE users SET email_verified_at = $3 WHERE id = $1 AND email = $2 RETURNING id",
        [userId, email, instant(context.clock.now())],
      );
      if (verified.length === 0) throw invalidLink();
      await dropLinks(tx, userId, ["verify-email"]);
      await context.observe({ type: "auth.email.verified", userId }, tx);
    });
  } catch (error) {
    // Two sign-ups of one address: the other link was followed first.
    throw isUniqueViolation(error, "users_email_key") ? invalidLink() : error;
  }
}
