import { IdentityError } from "../errors.ts";
import type { Authenticated, Role } from "../types.ts";

/** A password alone opens nothing to these: what they may do is worth more than one secret. */
const MFA_ROLES: ReadonlySet<Role> = new Set(["MODERATOR", "ADMIN"]);

export function demandsMfa(role: Role): boolean {
  return MFA_ROLES.has(role);
}

/**
 * Why this session may use no permission of its role, or null. Every check of a permission asks this first. An account that
 * has a factor but did not show it in this session (it was signed in before the role was given) must step up.
 */
export function assuranceRefusal({ account, session }: Authenticated): IdentityError | null {
  if (!demandsMfa(account.role)) return null;
  if (!account.mfaEnabled) {
    return new IdentityError("mfa-enrolment-required", "Your role demands a second factor: add one first");
  }
  return session.factorAt === null ? stepUpRequired() : null;
}

/**
 * True when the session proved itself within `maxAgeMs`: by password, and with everything the account has when it has a second
 * factor. A time ahead of `now` counts as fresh: another process's clock may be.
 */
export function isFresh({ account, session }: Authenticated, maxAgeMs: number, now: number): boolean {
  const provenAt = account.mfaEnabled ? session.factorAt : session.authenticatedAt;
  return provenAt !== null && now - provenAt <= maxAgeMs;
}

export function stepUpRequired(): IdentityError {
  return new IdentityError("step-up-required", "Confirm that it is you first");
}
