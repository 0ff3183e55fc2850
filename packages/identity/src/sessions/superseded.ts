import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { instant } from "../context.ts";
import type { LiveAt } from "./store.ts";
import { activeSince } from "./touches.ts";

export interface HeldSession {
  readonly id: Uuid;
  readonly user_id: Uuid;
  readonly token_hash: Buffer;
  readonly token_used_at: Date | null;
}

export interface SupersededToken {
  readonly session_id: Uuid;
  readonly superseded_at: Date;
  /** Null: wiped, since it can no longer be given out. */
  readonly successor: Buffer | null;
}

const HELD = `SELECT s.id, s.user_id, s.token_hash, s.token_used_at
  FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.ended_at IS NULL AND s.expires_at > $2 AND s.last_used_at > $3 AND u.status = 'ACTIVE'`;

/** The live session of this present token, its row held: of two refreshes at once, one finds the token replaced. */
export async function holdByToken(db: Queryable, tokenHash: Buffer, at: LiveAt): Promise<HeldSession | null> {
  const [row] = await db.query<HeldSession>(
    `${HELD} AND s.token_hash = $1 FOR UPDATE OF s`,
    [tokenHash, instant(at.now), instant(at.idleSince)],
    { name: "identity-hold-by-token" },
  );
  return row ?? null;
}

export async function holdById(db: Queryable, id: Uuid, at: LiveAt): Promise<HeldSession | null> {
  const [row] = await db.query<HeldSession>(`${HELD} AND s.id = $1 FOR UPDATE OF s`, [
    id,
    instant(at.now),
    instant(at.idleSince),
  ]);
  return row ?? null;
}

export async function findSuperseded(db: Queryable, tokenHash: Buffer): Promise<SupersededToken | null> {
  const [row] = await db.query<SupersededToken>(
    "SELECT session_id, superseded_at, successor FROM superseded_tokens WHERE token_hash = $1",
    [tokenHash],
  );
  return row ?? null;
}

/** A refresh is a use of the session: after a pause of `pauseMs` it is the first of a new stretch. */
export async function replaceToken(
  db: Queryable,
  session: HeldSession,
  next: { readonly tokenHash: Buffer; readonly sealed: Buffer },
  { now, pauseMs }: { readonly now: number; readonly pauseMs: number },
): Promise<void> {
  await db.query(
    `WITH left_behind AS (
       INSERT INTO superseded_tokens (token_hash, session_id, superseded_at, successor)
       SELECT token_hash, id, $3, $4 FROM sessions WHERE id = $1)
     UPDATE sessions s SET token_hash = $2, token_used_at = NULL,
       last_used_at = greatest(s.last_used_at, $3), active_since = ${activeSince("$3::timestamptz", "$5")}
     WHERE s.id = $1`,
    [session.id, next.tokenHash, instant(now), next.sealed, pauseMs / 1000],
    { name: "identity-replace-token" },
  );
}

/** Wipes successors that cannot be given out any more: their time is over, and theirs or a later token was shown. */
export async function wipeSuccessors(db: Queryable, graceSince: number, limit: number): Promise<void> {
  await db.query(
    `UPDATE superseded_tokens SET successor = NULL WHERE token_hash IN (
       SELECT t.token_hash FROM superseded_tokens t JOIN sessions s ON s.id = t.session_id
       WHERE t.successor IS NOT NULL AND t.superseded_at <= $1
         AND (s.ended_at IS NOT NULL OR s.token_used_at IS NOT NULL
           OR EXISTS (SELECT 1 FROM superseded_tokens later
             WHERE later.session_id = t.session_id AND later.superseded_at > t.superseded_at))
       LIMIT ${limit} FOR UPDATE OF t SKIP LOCKED)`,
    [instant(graceSince)],
  );
}
