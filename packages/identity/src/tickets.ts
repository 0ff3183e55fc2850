import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "./context.ts";
import type { Sessions } from "./sessions/sessions.ts";
import { digest, isToken, mintToken } from "./tokens.ts";
import type { Authenticated } from "./types.ts";

export interface Ticket {
  readonly ticket: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** Tickets of one session that may be open at once; the oldest go. */
const MAX_OPEN = 10;

/** A secret good for opening one WebSocket in place of the cookie. It dies with its session. */
export async function issueTicket(context: Context, session: { readonly id: Uuid }): Promise<Ticket> {
  const ticket = mintToken(context.random);
  const expiresAt = context.clock.now() + context.config.ticketMs;
  await context.database.query(
    `WITH dropped AS (
       DELETE FROM socket_tickets WHERE token_hash IN (
         SELECT token_hash FROM socket_tickets WHERE session_id = $2 ORDER BY expires_at DESC OFFSET $4))
     INSERT INTO socket_tickets (token_hash, session_id, expires_at) VALUES ($1, $2, $3)`,
    [digest(ticket), session.id, instant(expiresAt), MAX_OPEN - 1],
  );
  return { ticket, expiresAt };
}

/** Whom the ticket stands for, once. Null: unknown, used, expired, or its session is over. */
export async function redeemTicket(
  context: Context,
  sessions: Sessions,
  ticket: string,
): Promise<Authenticated | null> {
  if (!isToken(ticket)) return null;
  const [row] = await context.database.query<{ session_id: Uuid; expires_at: Date }>(
    "DELETE FROM socket_tickets WHERE token_hash = $1 RETURNING session_id, expires_at",
    [digest(ticket)],
  );
  if (row === undefined || row.expires_at.getTime() <= context.clock.now()) return null;
  return sessions.byId(row.session_id);
}
