import type { Queryable, Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "./context.ts";
import { IdentityError } from "./errors.ts";
import { digest, isToken, mintToken } from "./tokens.ts";
import type { Role } from "./types.ts";

export interface Invitation {
  /** Shown once, stored nowhere. */
  readonly token: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** Taken by everything that decides whether there is an administrator yet. The number is arbitrary and ours. */
export const ADMINS_LOCK = "SELECT pg_advisory_xact_lock(7233187401)";

export async function adminExists(db: Queryable): Promise<boolean> {
  const rows = await db.query("SELECT 1 FROM users WHERE role = 'ADMIN' AND status <> 'DELETED' LIMIT 1");
  return rows.length > 0;
}

/** Invites the first administrator and withdraws every earlier invitation. Throws `forbidden` when there is one already. */
export async function createAdminInvitation(context: Context): Promise<Invitation> {
  const token = mintToken(context.random);
  const now = context.clock.now();
  const expiresAt = now + context.config.invitationMs;
  await context.database.transaction(async (tx) => {
    await tx.query(ADMINS_LOCK);
    if (await adminExists(tx)) throw new IdentityError("forbidden", "There is an administrator already");
    await withdrawOpenInvitations(tx, now);
    const id = context.newId();
    await tx.query(
      "INSERT INTO invitations (id, token_hash, role, created_at, expires_at) VALUES ($1, $2, 'ADMIN', $3, $4)",
      [id, digest(token), instant(now), instant(expiresAt)],
    );
    await context.observe({ type: "auth.invitation.created", invitationId: id, role: "ADMIN" }, tx);
  });
  return { token, expiresAt };
}

/** Invitations nobody has followed yet. */
export async function withdrawOpenInvitations(tx: Queryable, now: number): Promise<void> {
  await tx.query(
    "UPDATE invitations SET withdrawn_at = $1 WHERE redeemed_at IS NULL AND withdrawn_at IS NULL",
    [instant(now)],
  );
}

/** Throws `invalid-invitation`, before anything that would tell who has an account is asked for its sake. */
export async function demandInvitation(context: Context, db: Queryable, token: string): Promise<void> {
  const open = isToken(token)
    ? await db.query(
        "SELECT id FROM invitations WHERE token_hash = $1 AND redeemed_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2",
        [digest(token), instant(context.clock.now())],
      )
    : [];
  if (open.length === 0) throw invalidInvitation();
}

/** Redeems in the transaction of the sign-up; of two at once one waits for the other, and finds it redeemed. */
export async function redeemInvitation(
  context: Context,
  tx: Transaction,
  token: string,
  userId: Uuid,
): Promise<Role> {
  const rows = isToken(token) ? await redeem(tx, token, userId, context.clock.now()) : [];
  const [invitation] = rows;
  if (invitation === undefined) throw invalidInvitation();
  const { id, role } = invitation;
  await tx.query("UPDATE users SET role = $2 WHERE id = $1", [userId, role]);
  await context.observe({ type: "auth.invitation.redeemed", invitationId: id, userId, role }, tx);
  return role;
}

function invalidInvitation(): IdentityError {
  return new IdentityError("invalid-invitation", "This invitation is not valid any more");
}

async function redeem(
  tx: Queryable,
  token: string,
  userId: Uuid,
  now: number,
): Promise<{ id: Uuid; role: Role }[]> {
  await tx.query(ADMINS_LOCK);
  return tx.query<{ id: Uuid; role: Role }>(
    `UPDATE invitations SET redeemed_at = $2, redeemed_by = $3
     WHERE token_hash = $1 AND redeemed_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2
     RETURNING id, role`,
    [digest(token), instant(now), userId],
  );
}
