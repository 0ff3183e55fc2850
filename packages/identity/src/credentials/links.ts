import type { Queryable, Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { digest, isToken, mintToken } from "../tokens.ts";

export type LinkPurpose = "verify-email" | "reset-password" | "change-email" | "undo-email-change";

export interface LinkToWrite {
  /** Null: the address is nobody's, and the link good for nothing. */
  readonly userId: Uuid | null;
  readonly purpose: LinkPurpose;
  readonly email: string;
  readonly forMs: number;
}

interface Link {
  readonly userId: Uuid;
  readonly email: string;
  readonly createdAt: Date;
}

/** The token of a new link; it is in no table. */
export async function writeLink(context: Context, tx: Queryable, link: LinkToWrite): Promise<string> {
  const token = mintToken(context.random);
  const now = context.clock.now();
  await tx.query(
    `INSERT INTO one_time_links (token_hash, user_id, purpose, email, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [digest(token), link.userId, link.purpose, link.email, instant(now), instant(now + link.forMs)],
  );
  return token;
}

/**
 * Milliseconds until another mail of this purpose may go to this address; 0: now. Holds the address until the transaction
 * ends, so that requests made at once are counted one after the other.
 */
export async function linkWait(
  context: Context,
  tx: Transaction,
  purpose: LinkPurpose | "sign-up",
  email: string,
): Promise<number> {
  const { perAddress, windowMs } = context.config.links;
  await holdAddress(tx, email);
  const rows = await tx.query<{ created_at: Date }>(
    purpose === "sign-up"
      ? "SELECT created_at FROM pending_sign_ups WHERE email = $1 AND created_at > $2 ORDER BY created_at"
      : `SELECT created_at FROM one_time_links
         WHERE email = $1 AND created_at > $2 AND purpose = $3 ORDER BY created_at`,
    [email, instant(context.clock.now() - windowMs), ...(purpose === "sign-up" ? [] : [purpose])],
  );
  const first = rows.at(-perAddress);
  return first === undefined ? 0 : first.created_at.getTime() + windowMs - context.clock.now();
}

/** One transaction at a time for an address, whether or not anybody has it. */
export async function holdAddress(tx: Transaction, email: string): Promise<void> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 7233187402))", [email]);
}

/** Whose link this is, without using it up. Throws `invalid-link`. */
export async function readLink(
  context: Context,
  db: Queryable,
  purpose: LinkPurpose,
  token: string,
): Promise<Link> {
  return found(
    isToken(token)
      ? await db.query<Link>(
          `SELECT user_id AS "userId", email, created_at AS "createdAt" FROM one_time_links
           WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3 AND user_id IS NOT NULL`,
          [digest(token), purpose, instant(context.clock.now())],
        )
      : [],
  );
}

/** Uses the link up. Of two uses at once one waits for the other, and finds nothing. Throws `invalid-link`. */
export async function takeLink(
  context: Context,
  tx: Transaction,
  purpose: LinkPurpose,
  token: string,
): Promise<Link> {
  return found(
    isToken(token)
      ? await tx.query<Link>(
          `DELETE FROM one_time_links
           WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3 AND user_id IS NOT NULL
           RETURNING user_id AS "userId", email, created_at AS "createdAt"`,
          [digest(token), purpose, instant(context.clock.now())],
        )
      : [],
  );
}

export async function dropLinks(
  tx: Queryable,
  userId: Uuid,
  purposes: readonly LinkPurpose[],
): Promise<void> {
  await tx.query("DELETE FROM one_time_links WHERE user_id = $1 AND purpose = ANY($2::text[])", [
    userId,
    purposes,
  ]);
}

/** The changes since then were made by the same hand. Earlier ones can still be undone: this one may have been its, too. */
export async function dropUndoLinksSince(tx: Queryable, userId: Uuid, since: Date): Promise<void> {
  await tx.query(
    "DELETE FROM one_time_links WHERE user_id = $1 AND purpose = 'undo-email-change' AND created_at >= $2",
    [userId, since],
  );
}

export function tooManyMails(waitMs: number): IdentityError {
  return new IdentityError("rate-limited", "Enough mails are on their way already", {
    details: { retryAfterSeconds: Math.ceil(waitMs / 1000) },
  });
}

export function invalidLink(): IdentityError {
  return new IdentityError("invalid-link", "This link is not valid any more");
}

function found(links: readonly Link[]): Link {
  const [link] = links;
  if (link === undefined) throw invalidLink();
  return link;
}
