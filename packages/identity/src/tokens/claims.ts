import { isUuid, type Uuid } from "@rempart/kernel";
import type { AuthMethod, Role, Tenancy } from "../types.ts";

/** What an access token says (RFC 7519, section 4.1; `sid`: OpenID Connect; `amr`: RFC 8176). Times are Unix seconds. */
export interface AccessClaims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: Uuid;
  readonly sid: Uuid;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly role: Role;
  /** Absent: the token stands for the person alone. */
  readonly tenant?: Tenancy;
  readonly amr: readonly AuthMethod[];
  readonly auth_time: number;
  /** When a second factor was last shown in this session. */
  readonly mfa_time?: number;
}

/** What a checker insists on. Milliseconds. */
export interface ClaimPolicy {
  readonly issuer: string;
  readonly audience: string;
  readonly lifetimeMs: number;
  /** How far the clocks of issuer and checker may be apart. */
  readonly toleranceMs: number;
}

/**
 * The claims of a payload whose signature is good; null when they are not of the form above, for somebody else, or from
 * another issuer. A token of a longer life than today's configuration gives is refused as well: what is remembered of ended
 * sessions is remembered for one lifetime.
 */
export function readClaims(payload: unknown, policy: ClaimPolicy): AccessClaims | null {
  if (typeof payload !== "object" || payload === null) return null;
  const claims = payload as Partial<AccessClaims>;
  if (claims.iss !== policy.issuer || claims.aud !== policy.audience) return null;
  if (!isId(claims.sub) || !isId(claims.sid) || typeof claims.role !== "string") return null;
  if (!isTime(claims.iat) || !isTime(claims.exp) || !isTime(claims.auth_time)) return null;
  // Ours begin when they are issued.
  if ("nbf" in claims) return null;
  if (claims.exp - claims.iat > policy.lifetimeMs / 1000 || !Array.isArray(claims.amr)) return null;
  if (claims.tenant !== undefined && !isId(claims.tenant?.id)) return null;
  return claims as AccessClaims;
}

/** A token from the future is refused like one that is over: one of two clocks is wrong, and not by a little. */
export function isCurrent({ iat, exp }: AccessClaims, now: number, toleranceMs: number): boolean {
  return iat * 1000 <= now + toleranceMs && exp * 1000 > now - toleranceMs;
}

function isId(value: unknown): value is Uuid {
  return typeof value === "string" && isUuid(value);
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
