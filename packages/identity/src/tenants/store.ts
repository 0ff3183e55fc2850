import type { Queryable } from "@rempart/database";
import { isUuid, type Uuid } from "@rempart/kernel";
import { IdentityError } from "../errors.ts";
import type { TenantRole } from "../types.ts";

/** An organisation. Times are Unix milliseconds. */
export interface Tenant {
  readonly id: Uuid;
  readonly name: string;
  readonly createdAt: number;
}

export interface Membership extends Tenant {
  readonly role: TenantRole;
}

export interface Member {
  readonly userId: Uuid;
  readonly name: string;
  readonly email: string;
  readonly role: TenantRole;
  readonly since: number;
}

interface TenantRow {
  id: Uuid;
  name: string;
  created_at: Date;
}

export function toTenant(row: TenantRow): Tenant {
  return { id: row.id, name: row.name, createdAt: row.created_at.getTime() };
}

export async function membershipsOf(db: Queryable, userId: Uuid): Promise<Membership[]> {
  const rows = await db.query<TenantRow & { role: TenantRole }>(
    `SELECT t.id, t.name, t.created_at, m.role FROM memberships m JOIN tenants t ON t.id = m.tenant_id
     WHERE m.user_id = $1 ORDER BY t.name, t.id`,
    [userId],
  );
  return rows.map((row) => ({ ...toTenant(row), role: row.role }));
}

export async function membersOf(db: Queryable, tenantId: Uuid): Promise<Member[]> {
  const rows = await db.query<Omit<Member, "since"> & { created_at: Date }>(
    `SELECT u.id AS "userId", u.name, u.email, m.role, m.created_at
     FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.tenant_id = $1 ORDER BY m.created_at, u.id`,
    [tenantId],
  );
  return rows.map(({ created_at, ...member }) => ({ ...member, since: created_at.getTime() }));
}

/** Holds the organisation until the transaction ends: acts on its members take turns. Code: `unknown-tenant`. */
export async function holdTenant(tx: Queryable, tenantId: Uuid): Promise<Tenant> {
  const [row] = isUuid(tenantId)
    ? await tx.query<TenantRow>("SELECT id, name, created_at FROM tenants WHERE id = $1 FOR UPDATE", [
        tenantId,
      ])
    : [];
  if (row === undefined) throw unknownTenant();
  return toTenant(row);
}

export async function roleIn(db: Queryable, tenantId: Uuid, userId: Uuid): Promise<TenantRole | null> {
  if (!isUuid(tenantId) || !isUuid(userId)) return null;
  const [row] = await db.query<{ role: TenantRole }>(
    "SELECT role FROM memberships WHERE tenant_id = $1 AND user_id = $2",
    [tenantId, userId],
  );
  return row?.role ?? null;
}

export async function demandOtherOwner(tx: Queryable, tenantId: Uuid, userId: Uuid): Promise<void> {
  const others = await tx.query(
    "SELECT 1 FROM memberships WHERE tenant_id = $1 AND role = 'OWNER' AND user_id <> $2 LIMIT 1",
    [tenantId, userId],
  );
  if (others.length > 0) return;
  throw new IdentityError("last-administrator", "An organisation keeps an owner");
}

export async function demandRoom(
  tx: Queryable,
  column: "tenant_id" | "user_id",
  id: Uuid,
  most: number,
): Promise<void> {
  const [row] = await tx.query<{ n: number }>(`SELECT count(*) AS n FROM memberships WHERE ${column} = $1`, [
    id,
  ]);
  if ((row?.n ?? 0) >= most) throw new IdentityError("too-many", "No more memberships are possible");
}

function unknownTenant(): IdentityError {
  return new IdentityError("unknown-tenant", "There is no such organisation");
}
