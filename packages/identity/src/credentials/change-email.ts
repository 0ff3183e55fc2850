import { isUniqueViolation, type Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { normaliseEmail } from "../email.ts";
import { IdentityError } from "../errors.ts";
import { demandMails, writeMail } from "../mail/outbox.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Authenticated } from "../types.ts";
import { type Held, holdFresh, holdUser, readAccount } from "./held.ts";
import {
  dropLinks,
  dropUndoLinksSince,
  invalidLink,
  linkWait,
  takeLink,
  tooManyMails,
  writeLink,
} from "./links.ts";
import { findOwner } from "./owner.ts";

/**
 * Mails a link to the new address; the change happens when it is followed. When somebody has the address, they get a mail
 * instead, and the answer is the same. Throws `step-up-required`, `validation-failed`, `rate-limited`.
 */
export async function requestEmailChange(context: Context, who: Authenticated, input: string): Promise<void> {
  demandMails(context);
  const email = normaliseEmail(input);
  if (email === null) {
    throw new IdentityError("validation-failed", "This is not an e-mail address", {
      details: { field: "email" },
    });
  }
  await context.database.transaction(async (tx) => {
    const held = await holdFresh(context, tx, who);
    const wait = await linkWait(context, tx, "change-email", email);
    if (wait > 0) throw tooManyMails(wait);
    await mailConfirmation(context, tx, held, email);
    const { account, session } = held;
    await context.observe(
      { type: "auth.email.change-requested", userId: account.id, sessionId: session.id },
      tx,
    );
  });
}

async function mailConfirmation(
  context: Context,
  tx: Transaction,
  { account, language }: Held,
  email: string,
): Promise<void> {
  const forMs = context.config.links.changeEmailMs;
  const owner = await findOwner(context, tx, email);
  const taken = owner !== null && owner.id !== account.id;
  const token = await writeLink(context, tx, { userId: account.id, purpose: "change-email", email, forMs });
  await writeMail(
    context,
    tx,
    taken
      ? { to: owner.email, kind: "email-taken", language: owner.language }
      : { to: email, kind: "confirm-email-change", language, values: { token }, forMs },
  );
}

/** Follows the link of the new address. The old one is told, and can undo it. Throws `invalid-link`. */
export async function confirmEmailChange(context: Context, token: string): Promise<void> {
  try {
    await context.database.transaction(async (tx) => {
      const { userId, email } = await takeLink(context, tx, "change-email", token);
      await holdUser(tx, userId);
      const person = await readAccount(tx, userId);
      const owner = await findOwner(context, tx, email);
      if (person === null || (owner !== null && owner.id !== userId)) throw invalidLink();
      await moveTo(context, tx, userId, email);
      await mailUndo(context, tx, person.account.email, userId, email, person.language);
      await context.observe({ type: "auth.email.changed", userId }, tx);
    });
  } catch (error) {
    throw isUniqueViolation(error, "users_email_key") ? invalidLink() : error;
  }
}

/** Every other link was made for the address the account leaves; links to undo stay. */
async function moveTo(context: Context, tx: Transaction, userId: Uuid, email: string): Promise<void> {
  await tx.query("UPDATE users SET email = $2, email_verified_at = $3 WHERE id = $1", [
    userId,
    email,
    instant(context.clock.now()),
  ]);
  await dropLinks(tx, userId, ["verify-email", "change-email", "reset-password"]);
}

async function mailUndo(
  context: Context,
  tx: Transaction,
  old: string,
  userId: Uuid,
  email: string,
  language: string | null,
): Promise<void> {
  const forMs = context.config.links.undoEmailChangeMs;
  const token = await writeLink(context, tx, { userId, purpose: "undo-email-change", email: old, forMs });
  const values = { token, email };
  await writeMail(context, tx, { to: old, kind: "email-changed", language, values, forMs });
}

/**
 * Follows the link of the old address: the account returns to it and every session ends. Whoever changed the address may know
 * the password: the app leads on to a reset. Throws `invalid-link`.
 */
export async function undoEmailChange(context: Context, sessions: Sessions, token: string): Promise<void> {
  await context.database.transaction(async (tx) => {
    const { userId, email, createdAt } = await takeLink(context, tx, "undo-email-change", token);
    await holdUser(tx, userId);
    const person = await readAccount(tx, userId);
    if (person === null) throw invalidLink();
    await moveTo(context, tx, userId, email);
    await dropUndoLinksSince(tx, userId, createdAt);
    await sessions.endAllIn(tx, userId, "email-restored", null);
    await writeMail(context, tx, { to: email, kind: "email-restored", language: person.language });
    await context.observe({ type: "auth.email.restored", userId }, tx);
  });
}
