import type { Transaction } from "@rempart/database";
import { type Context, instant } from "../context.ts";
import { invalidLink, linkWait } from "../credentials/links.ts";
import { findOwner } from "../credentials/owner.ts";
import { writeMail } from "../mail/outbox.ts";
import { digest, isToken, mintToken } from "../tokens.ts";
import type { Client } from "../types.ts";
import { insertAccount } from "./insert-account.ts";
import type { Newcomer } from "./newcomer.ts";

/**
 * Keeps a sign-up until its mail's link is followed. No account stands in its way and it stands in nobody's: several may wait
 * for one address, and whoever reads its mail decides. When the address is taken the same rows are written, and its owner
 * gets the mail.
 */
export async function requestSignUp(context: Context, newcomer: Newcomer, client: Client): Promise<void> {
  await context.database.transaction(async (tx) => {
    if ((await linkWait(context, tx, "sign-up", newcomer.email)) > 0) return;
    const owner = await findOwner(context, tx, newcomer.email);
    const token = await keep(context, tx, newcomer);
    const { email, language, name } = newcomer;
    await writeMail(
      context,
      tx,
      owner === null
        ? { to: email, kind: "verify-email", language, values: { token, name }, forMs: lifetime(context) }
        : { to: owner.email, kind: "email-taken", language: owner.language },
    );
    await context.observe({ type: "auth.signup.requested", userId: owner?.id ?? null, client }, tx);
  });
}

async function keep(context: Context, tx: Transaction, newcomer: Newcomer): Promise<string> {
  const token = mintToken(context.random);
  const now = context.clock.now();
  await tx.query(
    `INSERT INTO pending_sign_ups (token_hash, email, name, language, password_hash, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      digest(token),
      newcomer.email,
      newcomer.name,
      newcomer.language,
      newcomer.passwordHash,
      instant(now),
      instant(now + lifetime(context)),
    ],
  );
  return token;
}

function lifetime(context: Context): number {
  return context.config.links.verifyEmailMs;
}

interface PendingRow {
  email: string;
  name: string;
  language: string | null;
  password_hash: string;
}

/** Makes the account whose link this is; what else waits for the address goes. False: it is no sign-up's link. */
export async function confirmSignUp(
  context: Context,
  tx: Transaction,
  token: string,
  client: Client,
): Promise<boolean> {
  if (!isToken(token)) return false;
  const now = context.clock.now();
  const [pending] = await tx.query<PendingRow>(
    `DELETE FROM pending_sign_ups WHERE token_hash = $1 AND expires_at > $2
     RETURNING email, name, language, password_hash`,
    [digest(token), instant(now)],
  );
  if (pending === undefined) return false;
  const { email, name, language, password_hash: passwordHash } = pending;
  if ((await findOwner(context, tx, email)) !== null) throw invalidLink();
  const id = context.newId();
  await insertAccount(tx, {
    ...{ id, email, name, language, passwordHash, createdAt: now, emailVerifiedAt: now },
    role: "USER",
    mfaEnabled: false,
  });
  await tx.query("DELETE FROM pending_sign_ups WHERE email = $1", [email]);
  await context.observe({ type: "auth.signup", userId: id, role: "USER", client }, tx);
  await context.observe({ type: "auth.email.verified", userId: id }, tx);
  return true;
}
