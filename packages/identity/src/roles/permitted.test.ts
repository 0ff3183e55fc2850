import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Role, TenantRole } from "../types.ts";
import type { Subject } from "./actor.ts";
import { PERMISSIONS, type Permission, ROLES, ruleOf, TENANT_ROLES } from "./permissions.ts";
import { permitted, type Resource } from "./permitted.ts";

const NOW = 1_000_000_000;
const MOMENT = { now: NOW, freshMs: 600_000 };
const ALL = Object.keys(PERMISSIONS) as Permission[];
const OWN = "00000000-0000-7000-8000-000000000001";
const OTHER = "00000000-0000-7000-8000-000000000002";
const TENANT = "00000000-0000-7000-8000-00000000000a";

function subject(changes: Partial<Subject> = {}): Subject {
  return {
    kind: "session",
    userId: OWN,
    role: "USER",
    tenant: null,
    scopes: null,
    mfaEnabled: true,
    factorAt: NOW,
    provenAt: NOW,
    ...changes,
  };
}

function reason(actor: Subject, permission: Permission, resource: Resource = {}): string | null {
  const verdict = permitted(actor, permission, resource, MOMENT);
  return verdict.allowed ? null : verdict.reason;
}

const target = (role: Role | TenantRole): Resource => ({ userId: OTHER, role, tenantId: TENANT });

test("a role opens what the table says, and nothing above it", () => {
  for (const permission of ALL) {
    const rule = ruleOf(permission);
    if (!("least" in rule)) continue;
    for (const role of ROLES) {
      const has: boolean = ROLES.indexOf(role) >= ROLES.indexOf(rule.least);
      assert.equal(
        reason(subject({ role }), permission, target("USER")) === null,
        has && (role !== "USER" || rule.over === undefined),
        `${role} ${permission}`,
      );
    }
  }
});

test("an organisation's permissions open for its members alone, by their role there", () => {
  for (const permission of ALL) {
    const rule = ruleOf(permission);
    if (!("leastTenant" in rule)) continue;
    for (const role of TENANT_ROLES) {
      const inside = subject({ role: "USER", tenant: { id: TENANT, role } });
      const has: boolean = TENANT_ROLES.indexOf(role) >= TENANT_ROLES.indexOf(rule.leastTenant);
      assert.equal(reason(inside, permission, target("MEMBER")) === null, has, `${role} ${permission}`);
      assert.equal(reason(inside, permission, { ...target("MEMBER"), tenantId: OTHER }), "other-tenant");
    }
    assert.equal(reason(subject({ role: "ADMIN" }), permission, target("MEMBER")), "other-tenant");
  }
});

test("nobody acts on themselves or upwards, equals only at the top, and nobody gives more than they have", () => {
  const moderator = subject({ role: "MODERATOR" });
  assert.equal(reason(moderator, "users.suspend", { userId: OWN, role: "MODERATOR" }), "own-account");
  assert.equal(reason(moderator, "users.suspend", {}), "own-account");
  assert.equal(reason(moderator, "users.suspend", { userId: OTHER }), "higher-role");
  assert.equal(reason(moderator, "users.suspend", target("MODERATOR")), "higher-role");
  assert.equal(reason(moderator, "users.suspend", target("ADMIN")), "higher-role");
  assert.equal(reason(moderator, "users.suspend", target("USER")), null);
  const admin = subject({ role: "ADMIN" });
  assert.equal(reason(admin, "users.ban", target("ADMIN")), null);
  assert.equal(reason(admin, "users.change-role", { ...target("USER"), grants: "ADMIN" }), null);
  const tenantAdmin = subject({ tenant: { id: TENANT, role: "ADMIN" } });
  assert.equal(
    reason(tenantAdmin, "tenant.change-member", { ...target("MEMBER"), grants: "OWNER" }),
    "higher-role",
  );
  assert.equal(reason(tenantAdmin, "tenant.change-member", target("OWNER")), "higher-role");
  assert.equal(reason(tenantAdmin, "tenant.change-member", { ...target("MEMBER"), grants: "ADMIN" }), null);
});

test("a role that demands a second factor is worth nothing without one; a dangerous act asks for it again", () => {
  const admin = subject({ role: "ADMIN" });
  const code = (actor: Subject, permission: Permission) => {
    const verdict = permitted(actor, permission, target("USER"), MOMENT);
    return verdict.allowed ? "allowed" : verdict.code;
  };
  const bare = { mfaEnabled: false, factorAt: null };
  assert.equal(code({ ...admin, ...bare }, "users.search"), "mfa-enrolment-required");
  assert.equal(code({ ...admin, factorAt: null }, "users.search"), "step-up-required");
  assert.equal(code({ ...admin, kind: "access-token", ...bare }, "users.search"), "step-up-required");
  assert.equal(code({ ...admin, provenAt: NOW - 600_001 }, "users.search"), "allowed");
  assert.equal(code({ ...admin, provenAt: NOW - 600_001 }, "users.ban"), "step-up-required");
  assert.equal(code({ ...admin, provenAt: NOW - 600_000 }, "users.ban"), "allowed");
  assert.equal(code({ ...admin, provenAt: null }, "users.ban"), "step-up-required");
  assert.equal(code(subject({ ...bare }), "profile.read"), "allowed");
});

test("an API key does what it names and its owner may, and nothing that asks for a proof", () => {
  const key = subject({
    kind: "api-key",
    role: "ADMIN",
    scopes: new Set(["users.search", "users.ban"]),
    mfaEnabled: false,
    factorAt: null,
    provenAt: null,
  });
  assert.equal(reason(key, "users.search"), null);
  assert.equal(reason(key, "users.ban", target("USER")), "scope");
  assert.equal(reason(key, "users.read"), "scope");
  assert.equal(reason({ ...key, role: "USER" }, "users.search"), "role");
});

test("less standing never opens more: role, organisation, scope and proof only add", () => {
  const role = fc.constantFrom(...ROLES);
  const tenantRole = fc.constantFrom(...TENANT_ROLES);
  const any = fc.record({
    kind: fc.constantFrom("session" as const, "access-token" as const, "api-key" as const),
    role,
    tenantRole: fc.option(tenantRole),
    scopes: fc.option(fc.subarray(ALL)),
    proven: fc.boolean(),
    permission: fc.constantFrom(...ALL),
    theirs: fc.constantFrom(...ROLES, ...TENANT_ROLES),
    userId: fc.constantFrom(OWN, OTHER),
  });
  fc.assert(
    fc.property(any, ({ kind, role, tenantRole, scopes, proven, permission, theirs, userId }) => {
      const proof = proven ? NOW : null;
      const weak = subject({
        kind,
        role,
        tenant: tenantRole === null ? null : { id: TENANT, role: tenantRole },
        scopes: scopes === null ? null : new Set(scopes),
        mfaEnabled: proven,
        factorAt: proof,
        provenAt: proof,
      });
      const strong = subject({ role: "ADMIN", tenant: { id: TENANT, role: "OWNER" } });
      const resource = { userId, role: theirs, tenantId: TENANT };
      if (reason(weak, permission, resource) !== null) return;
      assert.equal(reason(strong, permission, resource), null);
      assert.ok(scopes === null || scopes.includes(permission));
      assert.ok(userId !== OWN || ruleOf(permission).over === undefined);
    }),
    { numRuns: 3000 },
  );
});

test("the operator of the machine is refused nothing here: what must hold for everybody holds in the acts", () => {
  for (const permission of ALL) {
    assert.ok(permitted({ kind: "operator", name: "root" }, permission, {}, MOMENT).allowed);
  }
});
