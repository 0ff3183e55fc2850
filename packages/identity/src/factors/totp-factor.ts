import type { Queryable, Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import type { Envelopes, Where } from "../ports.ts";
import { matchTotp } from "./totp.ts";

interface TotpRow {
  id: Uuid;
  seed: string;
  last_step: number | null;
}

export function demandEnvelopes(context: Context): Envelopes {
  if (context.envelopes === null) {
    throw new IdentityError("not-configured", "This installation has no authenticator apps");
  }
  return context.envelopes;
}

function seedWhere(factorId: Uuid): Where {
  return { table: "totp_factors", column: "seed", row: factorId };
}

/** A seed that waits for its first code, in the place of one that did. */
export async function insertPendingSeed(
  context: Context,
  tx: Transaction,
  userId: Uuid,
  seed: Uint8Array,
): Promise<void> {
  const id = context.newId();
  const sealed = await demandEnvelopes(context).seal(seed, seedWhere(id));
  await tx.query("DELETE FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NULL", [userId]);
  await tx.query("INSERT INTO totp_factors (id, user_id, seed, created_at) VALUES ($1, $2, $3, $4)", [
    id,
    userId,
    sealed,
    instant(context.clock.now()),
  ]);
}

/** Puts the waiting seed in the place of the confirmed one if `code` is its. Null: it is not, or nothing waits. */
export async function confirmPendingSeed(
  context: Context,
  tx: Transaction,
  userId: Uuid,
  code: string,
): Promise<Uuid | null> {
  const now = context.clock.now();
  const [pending] = await tx.query<TotpRow>(
    `SELECT id, seed, last_step FROM totp_factors
     WHERE user_id = $1 AND confirmed_at IS NULL AND created_at > $2`,
    [userId, instant(now - context.config.factors.enrolmentMs)],
  );
  const step = pending === undefined ? null : await matchStep(context, pending, code);
  if (pending === undefined || step === null) return null;
  await tx.query("DELETE FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL", [userId]);
  await tx.query("UPDATE totp_factors SET confirmed_at = $2, last_step = $3 WHERE id = $1", [
    pending.id,
    instant(now),
    step,
  ]);
  return pending.id;
}

/** Uses a code up: neither its step nor an earlier one counts again. The caller holds the account. */
export async function proveTotp(
  context: Context,
  tx: Transaction,
  userId: Uuid,
  code: string,
): Promise<boolean> {
  const [factor] = await tx.query<TotpRow>(
    "SELECT id, seed, last_step FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL",
    [userId],
  );
  const step = factor === undefined ? null : await matchStep(context, factor, code);
  if (factor === undefined || step === null) return false;
  await tx.query("UPDATE totp_factors SET last_step = $2 WHERE id = $1", [factor.id, step]);
  return true;
}

async function matchStep(context: Context, row: TotpRow, code: string): Promise<number | null> {
  const seed = await demandEnvelopes(context).open(row.seed, seedWhere(row.id));
  return matchTotp(seed, code, context.clock.now(), row.last_step);
}

/** A confirmed seed, as its owner sees it. Times are Unix milliseconds. */
export interface TotpFactor {
  readonly id: Uuid;
  readonly createdAt: number;
}

export async function findTotp(db: Queryable, userId: Uuid): Promise<TotpFactor | null> {
  const [row] = await db.query<{ id: Uuid; confirmed_at: Date }>(
    "SELECT id, confirmed_at FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL",
    [userId],
  );
  return row === undefined ? null : { id: row.id, createdAt: row.confirmed_at.getTime() };
}

export async function deleteTotp(tx: Queryable, userId: Uuid, id: Uuid): Promise<boolean> {
  const rows = await tx.query(
    "DELETE FROM totp_factors WHERE id = $2 AND user_id = $1 AND confirmed_at IS NOT NULL RETURNING id",
    [userId, id],
  );
  return rows.length > 0;
}
