import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { instant } from "../context.ts";
import { isPermission, type Permission } from "../roles/permissions.ts";
import type { Role, TenantRole } from "../types.ts";

/** A key as its owner sees it again. Times are Unix milliseconds. */
export interface ApiKey {
  readonly id: Uuid;
  readonly userId: Uuid;
  /** Null: it stands for the person alone. */
  readonly tenantId: Uuid | null;
  readonly name: string;
  readonly shownPrefix: string;
  readonly permissions: readonly Permission[];
  readonly createdAt: number;
  /** Null: without end. */
  readonly expiresAt: number | null;
  /** Exact to the minute. */
  readonly lastUsedAt: number | null;
}

interface KeyRow {
  id: Uuid;
  user_id: Uuid;
  tenant_id: Uuid | null;
  name: string;
  shown_prefix: string;
  permissions: string[];
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
}

const COLUMNS = `k.id, k.user_id, k.tenant_id, k.name, k.shown_prefix, k.permissions, k.created_at, k.expires_at,
  k.last_used_at`;
const LIVE = "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)";

export async function insertApiKey(db: Queryable, key: ApiKey, tokenHash: Buffer): Promise<void> {
  await db.query(
    `INSERT INTO api_keys (id, user_id, tenant_id, name, token_hash, shown_prefix, permissions, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      key.id,
      key.userId,
      key.tenantId,
      key.name,
      tokenHash,
      key.shownPrefix,
      key.permissions,
      instant(key.createdAt),
      key.expiresAt === null ? null : instant(key.expiresAt),
    ],
  );
}

/** Live keys of a person or of an organisation, the newest first. */
export async function listApiKeys(
  db: Queryable,
  owner: "user_id" | "tenant_id",
  id: Uuid,
  now: number,
): Promise<ApiKey[]> {
  const rows = await db.query<KeyRow>(
    `SELECT ${COLUMNS} FROM api_keys k WHERE k.${owner} = $1 AND ${LIVE} ORDER BY k.id DESC`,
    [id, instant(now)],
  );
  return rows.map(toApiKey);
}

export async function findApiKey(db: Queryable, id: Uuid, now: number): Promise<ApiKey | null> {
  const [row] = await db.query<KeyRow>(`SELECT ${COLUMNS} FROM api_keys k WHERE k.id = $1 AND ${LIVE}`, [
    id,
    instant(now),
  ]);
  return row === undefined ? null : toApiKey(row);
}

export interface KeyHolder {
  readonly key: ApiKey;
  readonly role: Role;
  /** Of the owner in the key's organisation; null for a key of a person. */
  readonly tenantRole: TenantRole | null;
}

/** A key whose owner is active, and a member of its organisation if it is one's. */
export async function findByApiKey(db: Queryable, tokenHash: Buffer, now: number): Promise<KeyHolder | null> {
  const [row] = await db.query<KeyRow & { role: Role; tenant_role: TenantRole | null }>(
    `SELECT ${COLUMNS}, u.role, m.role AS tenant_role
     FROM api_keys k JOIN users u ON u.id = k.user_id
     LEFT JOIN memberships m ON m.tenant_id = k.tenant_id AND m.user_id = k.user_id
     WHERE k.token_hash = $1 AND ${LIVE} AND u.status = 'ACTIVE' AND (k.tenant_id IS NULL OR m.role IS NOT NULL)`,
    [tokenHash, instant(now)],
    { name: "identity-api-key" },
  );
  return row === undefined ? null : { key: toApiKey(row), role: row.role, tenantRole: row.tenant_role };
}

export async function revokeApiKey(db: Queryable, id: Uuid, now: number): Promise<boolean> {
  const rows = await db.query(
    "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id",
    [id, instant(now)],
  );
  return rows.length > 0;
}

/** Last uses, many in one statement. */
export async function writeKeyUses(db: Queryable, uses: ReadonlyMap<Uuid, number>): Promise<void> {
  await db.query(
    `UPDATE api_keys k SET last_used_at = used.at
     FROM unnest($1::uuid[], $2::timestamptz[]) AS used(id, at)
     WHERE k.id = used.id AND (k.last_used_at IS NULL OR k.last_used_at < used.at)`,
    [[...uses.keys()], [...uses.values()].map(instant)],
  );
}

/** A permission that this version does not know is none. */
function toApiKey(row: KeyRow): ApiKey {
  return {
    id: row.id,
    userId: row.user_id,
    tenantId: row.tenant_id,
    name: row.name,
    shownPrefix: row.shown_prefix,
    permissions: row.permissions.filter(isPermission),
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at?.getTime() ?? null,
    lastUsedAt: row.last_used_at?.getTime() ?? null,
  };
}
