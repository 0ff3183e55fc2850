import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { instant } from "../context.ts";
import type { Account, Authenticated, EndReason, Role, Session } from "../types.ts";

interface SessionRow {
  id: Uuid;
  user_id: Uuid;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
  user_agent: string;
  ip_address: string;
}

interface AuthenticatedRow extends SessionRow {
  email: string;
  name: string;
  role: Role;
  account_created_at: Date;
}

const COLUMNS = "s.id, s.user_id, s.created_at, s.last_used_at, s.expires_at, s.user_agent, s.ip_address";
const LIVE = "s.ended_at IS NULL AND s.expires_at > $2 AND s.last_used_at > $3";

const WITH_ACCOUNT = `
  SELECT ${COLUMNS}, u.email, u.name, u.role, u.created_at AS account_created_at
  FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE ${LIVE} AND u.status = 'ACTIVE'`;

/** The two ends of a live session: it expires after `now` and was used after `idleSince`. Unix milliseconds. */
export interface LiveAt {
  readonly now: number;
  readonly idleSince: number;
}

export async function insertSession(db: Queryable, session: Session, tokenHash: Buffer): Promise<void> {
  await db.query(
    `INSERT INTO sessions (id, user_id, token_hash, created_at, last_used_at, expires_at, user_agent, ip_address)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      session.id,
      session.userId,
      tokenHash,
      instant(session.createdAt),
      instant(session.lastUsedAt),
      instant(session.expiresAt),
      session.userAgent,
      session.address,
    ],
  );
}

export async function findByToken(
  db: Queryable,
  tokenHash: Buffer,
  at: LiveAt,
): Promise<Authenticated | null> {
  const rows = await db.query<AuthenticatedRow>(
    `${WITH_ACCOUNT} AND s.token_hash = $1`,
    [tokenHash, instant(at.now), instant(at.idleSince)],
    { name: "identity-session-by-token" },
  );
  return rows[0] ? toAuthenticated(rows[0]) : null;
}

export async function findById(db: Queryable, sessionId: Uuid, at: LiveAt): Promise<Authenticated | null> {
  const rows = await db.query<AuthenticatedRow>(`${WITH_ACCOUNT} AND s.id = $1`, [
    sessionId,
    instant(at.now),
    instant(at.idleSince),
  ]);
  return rows[0] ? toAuthenticated(rows[0]) : null;
}

/** The newest use first. */
export async function listLive(db: Queryable, userId: Uuid, at: LiveAt): Promise<Session[]> {
  const rows = await db.query<SessionRow>(
    `SELECT ${COLUMNS} FROM sessions s WHERE ${LIVE} AND s.user_id = $1 ORDER BY s.last_used_at DESC, s.id DESC`,
    [userId, instant(at.now), instant(at.idleSince)],
  );
  return rows.map(toSession);
}

export interface EndedSession {
  readonly id: Uuid;
  readonly user_id: Uuid;
}

/** Ends one live session; `userId` null means whoever's it is. Empty when there was none. */
export function endOne(
  db: Queryable,
  sessionId: Uuid,
  userId: Uuid | null,
  reason: EndReason,
  now: number,
): Promise<EndedSession[]> {
  return db.query<EndedSession>(
    `UPDATE sessions SET ended_at = $3, end_reason = $4
     WHERE id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND ended_at IS NULL RETURNING id, user_id`,
    [sessionId, userId, instant(now), reason],
  );
}

export function endAll(db: Queryable, userId: Uuid, reason: EndReason, now: number): Promise<EndedSession[]> {
  return db.query<EndedSession>(
    `UPDATE sessions SET ended_at = $2, end_reason = $3
     WHERE user_id = $1 AND ended_at IS NULL RETURNING id, user_id`,
    [userId, instant(now), reason],
  );
}

/** Keeps the `keep` sessions used last. */
export function endSurplus(db: Queryable, userId: Uuid, keep: number, now: number): Promise<EndedSession[]> {
  return db.query<EndedSession>(
    `UPDATE sessions SET ended_at = $3, end_reason = 'superseded' WHERE id IN (
       SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL
       ORDER BY last_used_at DESC, id DESC OFFSET $2)
     RETURNING id, user_id`,
    [userId, keep, instant(now)],
  );
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    createdAt: row.created_at.getTime(),
    lastUsedAt: row.last_used_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    userAgent: row.user_agent,
    address: row.ip_address,
  };
}

function toAuthenticated(row: AuthenticatedRow): Authenticated {
  const account: Account = {
    id: row.user_id,
    email: row.email,
    name: row.name,
    role: row.role,
    createdAt: row.account_created_at.getTime(),
  };
  return { account, session: toSession(row) };
}
