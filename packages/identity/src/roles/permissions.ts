import type { Role, TenantRole } from "../types.ts";

interface Rule {
  /** Only to who proved themselves minutes ago, so to people at a keyboard: no API key can. */
  readonly fresh?: true;
  /** It is done to somebody, who must be neither oneself nor above oneself. */
  readonly over?: "person";
}

/** Whoever has at least this role of the installation. */
interface PlatformRule extends Rule {
  readonly least: Role;
}

/** Whoever has at least this role in the organisation it is about. */
interface TenantRule extends Rule {
  readonly leastTenant: TenantRole;
}

/** Everything somebody may be allowed to do. What is not in here, nobody may. */
export const PERMISSIONS = {
  "profile.read": { least: "USER" },
  "api-keys.create": { least: "USER", fresh: true },
  "users.search": { least: "MODERATOR" },
  "users.read": { least: "MODERATOR" },
  "users.create": { least: "ADMIN", fresh: true },
  "users.suspend": { least: "MODERATOR", over: "person" },
  "users.reactivate": { least: "MODERATOR", over: "person" },
  "users.end-sessions": { least: "MODERATOR", over: "person" },
  "users.ban": { least: "ADMIN", fresh: true, over: "person" },
  "users.erase": { least: "ADMIN", fresh: true, over: "person" },
  "users.change-role": { least: "ADMIN", fresh: true, over: "person" },
  "users.reset-password": { least: "ADMIN", fresh: true, over: "person" },
  "users.export": { least: "ADMIN", fresh: true },
  "metrics.read": { least: "ADMIN" },
  "alerts.read": { least: "ADMIN" },
  "alerts.acknowledge": { least: "ADMIN" },
  "alerts.silence": { least: "ADMIN" },
  "keys.read": { least: "ADMIN" },
  "keys.rotate": { least: "ADMIN", fresh: true },
  "tenant.read": { leastTenant: "MEMBER" },
  "tenant.rename": { leastTenant: "ADMIN" },
  "tenant.invite": { leastTenant: "ADMIN" },
  "tenant.change-member": { leastTenant: "ADMIN", over: "person" },
  "tenant.manage-api-keys": { leastTenant: "ADMIN" },
  "tenant.delete": { leastTenant: "OWNER", fresh: true },
} as const satisfies Record<string, PlatformRule | TenantRule>;

export type Permission = keyof typeof PERMISSIONS;

export function ruleOf(permission: Permission): PlatformRule | TenantRule {
  return PERMISSIONS[permission];
}

export function isPermission(text: string): text is Permission {
  return Object.hasOwn(PERMISSIONS, text);
}

export const ROLES: readonly Role[] = ["USER", "MODERATOR", "ADMIN"];
export const TENANT_ROLES: readonly TenantRole[] = ["MEMBER", "ADMIN", "OWNER"];
