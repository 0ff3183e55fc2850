import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { MFA_ENABLED, toAccount } from "../account-row.ts";
import { instant } from "../context.ts";
import type { Authenticated, AuthMethod, EndReason, Role, Session, Tenancy, TenantRole } from "../types.ts";

interface SessionRow {
  id: Uuid;
  user_id: Uuid;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
  user_agent: string;
  ip_address: string;
  amr: AuthMethod[];
  authenticated_at: Date;
  factor_at: Date | null;
  tenant_id: Uuid | null;
  tenant_role: TenantRole | null;
}

interface AuthenticatedRow extends SessionRow {
  email: string;
  name: string;
  role: Role;
  account_created_at: Date;
  email_verified_at: Date | null;
  mfa_enabled: boolean;
}

const COLUMNS = `s.id, s.user_id, s.created_at, s.last_used_at, s.expires_at, s.user_agent, s.ip_address,
  s.amr, s.authenticated_at, s.factor_at, m.tenant_id, m.role AS tenant_role`;
/** Who has left an organisation does not stand for it any more, whatever the session says. */
const TENANCY = "LEFT JOIN memberships m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id";
const LIVE = "s.ended_at IS NULL AND s.expires_at > $2 AND s.last_used_at > $3";

const WITH_ACCOUNT = `${COLUMNS}, u.email, u.name, u.role, u.created_at AS account_created_at,
  u.email_verified_at, ${MFA_ENABLED} AS mfa_enabled`;
const FROM_LIVE = `FROM sessions s JOIN users u ON u.id = s.user_id ${TENANCY} WHERE ${LIVE} AND u.status = 'ACTIVE'`;

/** The two ends of a live session: it expires after `now` and was used after `idleSince`. Unix milliseconds. */
export interface LiveAt {
  readonly now: number;
  readonly idleSince: number;
}

export async function insertSession(db: Queryable, session: Session, tokenHash: Buffer): Promise<void> {
  await db.query(
    `INSERT INTO sessions (id, user_id, token_hash, created_at, last_used_at, active_since, expires_at, user_agent, ip_address,
       amr, authenticated_at, factor_at, token_used_at)
     VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $4)`,
    [
      session.id,
      session.userId,
      tokenHash,
      instant(session.createdAt),
      instant(session.lastUsedAt),
      instant(session.expiresAt),
      session.userAgent,
      session.address,
      session.amr,
      instant(session.authenticatedAt),
      session.factorAt === null ? null : instant(session.factorAt),
    ],
  );
}

/** A session found by one of its tokens. `firstUse`: the token is the present one, and nobody has shown it before. */
export interface FoundByToken {
  readonly who: Authenticated;
  readonly present: boolean;
  readonly firstUse: boolean;
}

/** By its present token, or by one it left behind within `graceMs` of now. */
export async function findByToken(
  db: Queryable,
  tokenHash: Buffer,
  at: LiveAt,
  graceMs: number,
): Promise<FoundByToken | null> {
  const [row] = await db.query<AuthenticatedRow & { present: boolean; used: boolean }>(
    `SELECT ${WITH_ACCOUNT}, s.token_hash = $1 AS present, s.token_used_at IS NOT NULL AS used
     ${FROM_LIVE} AND s.id IN (SELECT id FROM sessions WHERE token_hash = $1 UNION ALL
       SELECT session_id FROM superseded_tokens WHERE token_hash = $1 AND superseded_at > $4 AND superseded_at < $5)`,
    [tokenHash, instant(at.now), instant(at.idleSince), instant(at.now - graceMs), instant(at.now + graceMs)],
    { name: "identity-session-by-token" },
  );
  if (row === undefined) return null;
  return { who: toAuthenticated(row), present: row.present, firstUse: row.present && !row.used };
}

/** From now on the token before this one is no way back: see `refresh.ts`. */
export async function noteFirstUse(
  db: Queryable,
  sessionId: Uuid,
  tokenHash: Buffer,
  now: number,
): Promise<void> {
  await db.query(
    "UPDATE sessions SET token_used_at = $3 WHERE id = $1 AND token_hash = $2 AND token_used_at IS NULL",
    [sessionId, tokenHash, instant(now)],
  );
}

export async function findById(db: Queryable, sessionId: Uuid, at: LiveAt): Promise<Authenticated | null> {
  const rows = await db.query<AuthenticatedRow>(`SELECT ${WITH_ACCOUNT} ${FROM_LIVE} AND s.id = $1`, [
    sessionId,
    instant(at.now),
    instant(at.idleSince),
  ]);
  return rows[0] ? toAuthenticated(rows[0]) : null;
}

/** The newest use first. */
export async function listLive(db: Queryable, userId: Uuid, at: LiveAt): Promise<Session[]> {
  const rows = await db.query<SessionRow>(
    `SELECT ${COLUMNS} FROM sessions s ${TENANCY} WHERE ${LIVE} AND s.user_id = $1 ORDER BY s.last_used_at DESC, s.id DESC`,
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

/** Ends all sessions of a user but `except`. */
export function endAll(
  db: Queryable,
  userId: Uuid,
  reason: EndReason,
  now: number,
  except: Uuid | null = null,
): Promise<EndedSession[]> {
  return db.query<EndedSession>(
    `UPDATE sessions SET ended_at = $2, end_reason = $3
     WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $4::uuid RETURNING id, user_id`,
    [userId, instant(now), reason, except],
  );
}

/** Ends the sessions that were opened with this passkey, but `except`. */
export function endOfPasskey(
  db: Queryable,
  passkeyId: Uuid,
  now: number,
  except: Uuid,
): Promise<EndedSession[]> {
  return db.query<EndedSession>(
    `UPDATE sessions SET ended_at = $2, end_reason = 'passkey-removed'
     WHERE passkey_id = $1 AND ended_at IS NULL AND id <> $3 RETURNING id, user_id`,
    [passkeyId, instant(now), except],
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

function tenancyOf({ tenant_id, tenant_role }: SessionRow): Tenancy | null {
  return tenant_id === null || tenant_role === null ? null : { id: tenant_id, role: tenant_role };
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
    amr: row.amr,
    authenticatedAt: row.authenticated_at.getTime(),
    factorAt: row.factor_at?.getTime() ?? null,
    tenant: tenancyOf(row),
  };
}

function toAuthenticated(row: AuthenticatedRow): Authenticated {
  const account = toAccount({ ...row, id: row.user_id, created_at: row.account_created_at });
  return { account, session: toSession(row) };
}
