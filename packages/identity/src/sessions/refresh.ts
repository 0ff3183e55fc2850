import type { Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { digest, isToken, mintToken } from "../tokens.ts";
import type { Client } from "../types.ts";
import { endOne, type LiveAt } from "./store.ts";
import { openSuccessor, sealSuccessor } from "./successor.ts";
import {
  findSuperseded,
  type HeldSession,
  holdById,
  holdByToken,
  replaceToken,
  type SupersededToken,
} from "./superseded.ts";

export type RefreshOutcome =
  | { readonly kind: "refreshed"; readonly sessionId: Uuid; readonly token: string }
  /** The session was ended: a token that it had left behind was shown. */
  | { readonly kind: "reused" }
  | { readonly kind: "unknown" };

const UNKNOWN: RefreshOutcome = { kind: "unknown" };

/** Replacements one answer follows. Nobody honest refreshes this often within the grace. */
const MAX_FOLLOWED = 16;

/**
 * Replaces the session's token. A token that was replaced already yields the same successor again while that is
 * innocent: within the grace, since another tab or a repeated request may hold it; and for as long as nobody has shown
 * the successor, since its answer may have been lost. After that there are two holders, and the session ends.
 */
export async function refreshIn(
  context: Context,
  tx: Transaction,
  token: string,
  client: Client,
  at: LiveAt,
): Promise<RefreshOutcome> {
  if (!isToken(token)) return UNKNOWN;
  const tokenHash = digest(token);
  const session = await holdByToken(tx, tokenHash, at);
  if (session !== null) return replace(context, tx, session, token, at.now);
  const superseded = await findSuperseded(tx, tokenHash);
  const held = superseded === null ? null : await holdById(tx, superseded.session_id, at);
  if (superseded === null || held === null) return UNKNOWN;
  const successor = await follow(
    tx,
    held,
    superseded,
    token,
    innocentLinks(context, held, superseded, at.now),
  );
  return successor === null
    ? endReused(context, tx, held, superseded, client, at.now)
    : { kind: "refreshed", sessionId: held.id, token: successor };
}

async function replace(
  context: Context,
  tx: Transaction,
  session: HeldSession,
  token: string,
  now: number,
): Promise<RefreshOutcome> {
  const successor = mintToken(context.random);
  const sealed = sealSuccessor(successor, token, context.random);
  const { pauseMs } = context.config.session;
  await replaceToken(tx, session, { tokenHash: digest(successor), sealed }, { now, pauseMs });
  const { id: sessionId, user_id: userId } = session;
  await context.observe({ type: "auth.session.refreshed", userId, sessionId }, tx);
  return { kind: "refreshed", sessionId, token: successor };
}

/** How many replacements since this token may be followed; 0: none. A time in the future is a clock that went back. */
function innocentLinks(
  { config }: Context,
  session: HeldSession,
  superseded: SupersededToken,
  now: number,
): number {
  const age = Math.abs(now - superseded.superseded_at.getTime());
  if (age < config.session.refreshGraceMs) return MAX_FOLLOWED;
  return session.token_used_at === null ? 1 : 0;
}

/** The present token, reached from an older one in at most `links` steps. */
async function follow(
  tx: Transaction,
  session: HeldSession,
  from: SupersededToken,
  token: string,
  links: number,
): Promise<string | null> {
  let link: SupersededToken | null = from;
  let held = token;
  for (let i = 0; i < links && link !== null && link.successor !== null; i += 1) {
    held = openSuccessor(link.successor, held);
    const heldHash = digest(held);
    if (heldHash.equals(session.token_hash)) return held;
    link = await findSuperseded(tx, heldHash);
  }
  return null;
}

async function endReused(
  context: Context,
  tx: Transaction,
  session: HeldSession,
  superseded: SupersededToken,
  client: Client,
  now: number,
): Promise<RefreshOutcome> {
  const { id: sessionId, user_id: userId } = session;
  await endOne(tx, sessionId, null, "token-reused", now);
  const supersededAt = superseded.superseded_at.getTime();
  await context.observe({ type: "auth.token.reused", userId, sessionId, supersededAt, client }, tx);
  await context.observe({ type: "auth.session.revoked", userId, sessionId, reason: "token-reused" }, tx);
  return { kind: "reused" };
}
