import type { Queryable } from "@rempart/database";
import { isUuid, type Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { type Actor, refOf } from "../roles/actor.ts";
import { demandPermission } from "./authority.ts";

/** What this package keeps about one person, without any secret. Ready for JSON; times are ISO 8601. */
export interface UserExport {
  readonly format: "rempart-user-export-1";
  readonly exportedAt: string;
  readonly account: Readonly<Record<string, unknown>>;
  readonly sessions: readonly Readonly<Record<string, unknown>>[];
  readonly passkeys: readonly Readonly<Record<string, unknown>>[];
  readonly authenticatorApps: readonly Readonly<Record<string, unknown>>[];
  readonly memberships: readonly Readonly<Record<string, unknown>>[];
  readonly apiKeys: readonly Readonly<Record<string, unknown>>[];
}

const ACCOUNT = `SELECT id, email, name, language, status, role, email_verified_at AS "emailVerifiedAt",
    last_active_at AS "lastActiveAt", created_at AS "createdAt", suspended_at AS "suspendedAt",
    suspended_until AS "suspendedUntil", suspension_reason AS "suspensionReason", banned_at AS "bannedAt",
    ban_reason AS "banReason" FROM users WHERE id = $1`;

/** Each names its columns: a secret that is added to a table later stays out. */
const PARTS = {
  sessions: `SELECT id, created_at AS "createdAt", last_used_at AS "lastUsedAt", expires_at AS "expiresAt",
      user_agent AS "userAgent", ip_address AS "address", amr, ended_at AS "endedAt", end_reason AS "endReason"
    FROM sessions WHERE user_id = $1 ORDER BY created_at, id`,
  passkeys: `SELECT id, name, created_at AS "createdAt", last_used_at AS "lastUsedAt"
    FROM passkeys WHERE user_id = $1 ORDER BY created_at, id`,
  authenticatorApps: `SELECT id, created_at AS "createdAt", confirmed_at AS "confirmedAt"
    FROM totp_factors WHERE user_id = $1 ORDER BY created_at, id`,
  memberships: `SELECT t.id AS "tenantId", t.name AS "tenantName", m.role, m.created_at AS "createdAt"
    FROM memberships m JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = $1 ORDER BY m.created_at, t.id`,
  apiKeys: `SELECT id, name, shown_prefix AS "shownPrefix", permissions, tenant_id AS "tenantId",
      created_at AS "createdAt", expires_at AS "expiresAt", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt"
    FROM api_keys WHERE user_id = $1 ORDER BY created_at, id`,
};

/** One moment of everything. Anybody may export themselves; for others it takes `users.export`. Code: `unknown-user`. */
export async function exportUser(context: Context, actor: Actor, userId: Uuid): Promise<UserExport> {
  const isOwn = actor.kind === "session" && actor.userId === userId;
  if (!isOwn) demandPermission(context, actor, "users.export");
  return context.database.transaction(
    async (tx) => {
      const [account] = isUuid(userId) ? await rowsOf(tx, ACCOUNT, userId) : [];
      if (account === undefined) throw new IdentityError("unknown-user", "No account has this id");
      const { sessions, passkeys, authenticatorApps, memberships, apiKeys } = PARTS;
      const exported: UserExport = {
        format: "rempart-user-export-1",
        exportedAt: instant(context.clock.now()).toISOString(),
        account,
        sessions: await rowsOf(tx, sessions, userId),
        passkeys: await rowsOf(tx, passkeys, userId),
        authenticatorApps: await rowsOf(tx, authenticatorApps, userId),
        memberships: await rowsOf(tx, memberships, userId),
        apiKeys: await rowsOf(tx, apiKeys, userId),
      };
      await context.observe({ type: "account.exported", userId, actor: refOf(actor) }, tx);
      return exported;
    },
    { isolation: "repeatable read" },
  );
}

async function rowsOf(db: Queryable, text: string, userId: Uuid): Promise<Record<string, unknown>[]> {
  const rows = await db.query<Record<string, unknown>>(text, [userId]);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
    ),
  );
}
