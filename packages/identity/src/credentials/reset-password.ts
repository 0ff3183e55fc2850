import type { Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { normaliseEmail } from "../email.ts";
import { demandMails, writeMail } from "../mail/outbox.ts";
import { choosePassword } from "../passwords/choose.ts";
import { writePasswordHash } from "../passwords/prove.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Client } from "../types.ts";
import { holdUser, readAccount } from "./held.ts";
import { dropLinks, invalidLink, linkWait, readLink, takeLink, writeLink } from "./links.ts";

interface Owner {
  id: Uuid;
  language: string | null;
}

/**
 * Mails a link to who has this address. Somebody who does not exist takes the same statements and leaves the same rows, whose
 * mail is withheld; past the limit of an address nothing is written for either. The answer never tells.
 */
export async function requestPasswordReset(context: Context, input: string, client: Client): Promise<void> {
  demandMails(context);
  const email = normaliseEmail(input);
  if (email === null) return;
  const { resetPasswordMs } = context.config.links;
  await context.database.transaction(async (tx) => {
    if ((await linkWait(context, tx, "reset-password", email)) > 0) return;
    const [owner] = await tx.query<Owner>(
      "SELECT id, language FROM users WHERE email = $1 AND status IN ('ACTIVE', 'SUSPENDED')",
      [email],
    );
    const userId = owner?.id ?? null;
    const token = await writeLink(context, tx, {
      userId,
      purpose: "reset-password",
      email,
      forMs: resetPasswordMs,
    });
    await writeMail(context, tx, {
      to: email,
      kind: "reset-password",
      language: owner?.language ?? null,
      values: { token },
      forMs: resetPasswordMs,
      withheld: userId === null,
    });
    await context.observe({ type: "auth.password.reset-requested", userId, client }, tx);
  });
}

/**
 * Sets a new password and ends all sessions. It opens none: an account with a second factor still asks for it. A weak password
 * does not use the link up. Throws `invalid-link`, `weak-password`.
 */
export async function resetPassword(
  context: Context,
  sessions: Sessions,
  input: { readonly token: string; readonly password: string },
  client: Client,
): Promise<void> {
  const { userId } = await readLink(context, context.database, "reset-password", input.token);
  const person = await context.database.transaction((tx) => readAccount(tx, userId));
  if (person === null) throw invalidLink();
  const passwordHash = await choosePassword(context, input.password, person.account);
  await context.database.transaction(async (tx) => {
    await holdUser(tx, userId);
    const link = await takeLink(context, tx, "reset-password", input.token);
    await settle(context, sessions, tx, link, passwordHash);
    await context.observe({ type: "auth.password.reset", userId, client }, tx);
  });
}

async function settle(
  context: Context,
  sessions: Sessions,
  tx: Transaction,
  { userId, email }: { userId: Uuid; email: string },
  passwordHash: string,
): Promise<void> {
  const now = instant(context.clock.now());
  const person = await readAccount(tx, userId);
  // The link went to an address the account has left since.
  if (person === null || person.account.email !== email) throw invalidLink();
  await writePasswordHash(tx, userId, passwordHash, now);
  await dropLinks(tx, userId, ["reset-password"]);
  await tx.query("DELETE FROM sign_in_challenges WHERE user_id = $1", [userId]);
  await sessions.endAllIn(tx, userId, "password-reset", null);
  await writeMail(context, tx, {
    to: email,
    kind: "password-changed",
    language: person.language,
    values: { cause: "reset" },
  });
}
