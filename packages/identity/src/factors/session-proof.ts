import type { Transaction } from "@rempart/database";
import { type Context, instant } from "../context.ts";
import type { Session } from "../types.ts";
import { type Evidence, joinAmr } from "./prove.ts";

/** Writes down that the holder of this session has just proved themselves. Other processes hear of it within a second. */
export async function markProven(
  context: Context,
  tx: Transaction,
  session: Session,
  evidence: Evidence,
): Promise<Session> {
  const now = context.clock.now();
  const amr = joinAmr(session.amr, evidence.amr);
  const factorAt = evidence.amr.includes("mfa") ? now : session.factorAt;
  await tx.query(
    `UPDATE sessions SET amr = $2, authenticated_at = $3, factor_at = $4,
       passkey_id = coalesce(passkey_id, $5::uuid) WHERE id = $1`,
    [session.id, amr, instant(now), factorAt === null ? null : instant(factorAt), evidence.passkeyId],
  );
  return { ...session, amr, authenticatedAt: now, factorAt };
}
