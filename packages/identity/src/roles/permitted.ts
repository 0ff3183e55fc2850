import type { Uuid } from "@rempart/kernel";
import { demandsMfa } from "../factors/assurance.ts";
import type { Role, TenantRole } from "../types.ts";
import type { Actor, Subject } from "./actor.ts";
import { type Permission, ROLES, ruleOf, TENANT_ROLES } from "./permissions.ts";

/** What is acted on, as far as the rule asks. */
export interface Resource {
  /** Whom it is done to. */
  readonly userId?: Uuid;
  /** The role that person has now: of the installation, or in the organisation for its permissions. */
  readonly role?: Role | TenantRole;
  /** The role that person is to get. */
  readonly grants?: Role | TenantRole;
  readonly tenantId?: Uuid;
}

export type RefusalReason =
  | "role"
  | "scope"
  | "other-tenant"
  | "own-account"
  | "higher-role"
  | "mfa-enrolment"
  | "step-up";

export interface Refusal {
  readonly allowed: false;
  readonly code: "forbidden" | "mfa-enrolment-required" | "step-up-required";
  readonly reason: RefusalReason;
}

export type Verdict = { readonly allowed: true } | Refusal;

/** The time of the question, and how old a fresh proof may be. Milliseconds. */
export interface Moment {
  readonly now: number;
  readonly freshMs: number;
}

const ALLOWED: Verdict = { allowed: true };

/** May this actor do this to that? The one place that decides; the first rule that is broken is told. */
export function permitted(actor: Actor, permission: Permission, resource: Resource, moment: Moment): Verdict {
  if (actor.kind === "operator") return ALLOWED;
  const reason =
    scopeRefusal(actor, permission) ??
    standingRefusal(actor, permission, resource) ??
    (ruleOf(permission).over === "person" ? personRefusal(actor, permission, resource) : null) ??
    assuranceRefusal(actor, permission, moment);
  return reason === null ? ALLOWED : { allowed: false, code: codeOf(reason), reason };
}

function scopeRefusal({ kind, scopes }: Subject, permission: Permission): RefusalReason | null {
  if (scopes !== null && !scopes.has(permission)) return "scope";
  return kind === "api-key" && ruleOf(permission).fresh === true ? "scope" : null;
}

function standingRefusal(
  { role, tenant }: Subject,
  permission: Permission,
  { tenantId }: Resource,
): RefusalReason | null {
  const rule = ruleOf(permission);
  if ("least" in rule) return rankOf(ROLES, role) < rankOf(ROLES, rule.least) ? "role" : null;
  if (tenant === null || tenant.id !== tenantId) return "other-tenant";
  return rankOf(TENANT_ROLES, tenant.role) < rankOf(TENANT_ROLES, rule.leastTenant) ? "role" : null;
}

/** Equals do not act on each other, except at the top: somebody must be able to. Nobody gives more than they have. */
function personRefusal(
  { userId, role, tenant }: Subject,
  permission: Permission,
  resource: Resource,
): RefusalReason | null {
  if (resource.userId === undefined || resource.userId === userId) return "own-account";
  const ranks: readonly string[] = "least" in ruleOf(permission) ? ROLES : TENANT_ROLES;
  const own = rankOf(ranks, "least" in ruleOf(permission) ? role : tenant?.role);
  const theirs = rankOf(ranks, resource.role);
  const isTop = own === ranks.length - 1;
  if (theirs < 0 || (theirs >= own && !isTop)) return "higher-role";
  return resource.grants !== undefined && !isGrantable(ranks, resource.grants, own) ? "higher-role" : null;
}

function isGrantable(ranks: readonly string[], role: string, own: number): boolean {
  const rank = rankOf(ranks, role);
  return rank >= 0 && rank <= own;
}

/** A key was made by somebody who had proven themselves; it can prove nothing by itself. */
function assuranceRefusal(subject: Subject, permission: Permission, moment: Moment): RefusalReason | null {
  if (subject.kind === "api-key") return null;
  if (demandsMfa(subject.role) && permission !== "profile.read") {
    if (!subject.mfaEnabled && subject.kind === "session") return "mfa-enrolment";
    if (subject.factorAt === null) return "step-up";
  }
  if (ruleOf(permission).fresh !== true) return null;
  return subject.provenAt !== null && moment.now - subject.provenAt <= moment.freshMs ? null : "step-up";
}

function codeOf(reason: RefusalReason): Refusal["code"] {
  if (reason === "mfa-enrolment") return "mfa-enrolment-required";
  return reason === "step-up" ? "step-up-required" : "forbidden";
}

/** -1: none of these. */
function rankOf(ranks: readonly string[], role: string | undefined): number {
  return role === undefined ? -1 : ranks.indexOf(role);
}
