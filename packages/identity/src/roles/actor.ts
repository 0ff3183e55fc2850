import type { Principal } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { AccessClaims } from "../tokens/claims.ts";
import type { Authenticated, Role, Tenancy } from "../types.ts";
import type { Permission } from "./permissions.ts";

/** Somebody who acts through a session, an access token or an API key, with the roles of this moment. */
export interface Subject {
  readonly kind: "session" | "access-token" | "api-key";
  readonly userId: Uuid;
  readonly role: Role;
  readonly tenant: Tenancy | null;
  /** What an API key is limited to; null: to nothing but the roles. */
  readonly scopes: ReadonlySet<Permission> | null;
  /** The account has a second factor, as far as the credential tells. */
  readonly mfaEnabled: boolean;
  /** When a second factor was shown in this session. Unix milliseconds. */
  readonly factorAt: number | null;
  /** When the person last proved themselves with all they have. Unix milliseconds. */
  readonly provenAt: number | null;
}

/** Whoever may log in to the machine and read its database anyway: the command line. */
export interface Operator {
  readonly kind: "operator";
  /** Of the account on the machine. */
  readonly name: string;
}

export type Actor = Subject | Operator;

/** An actor as events name it. */
export type ActorRef =
  | { readonly kind: Subject["kind"]; readonly userId: Uuid }
  | { readonly kind: "operator"; readonly name: string };

export function refOf(actor: Actor): ActorRef {
  return actor.kind === "operator"
    ? { kind: actor.kind, name: actor.name }
    : { kind: actor.kind, userId: actor.userId };
}

/** For `asPrincipal` of `@rempart/database`: what row-level security lets this subject see. */
export function principalOf({ userId, tenant }: Subject): Principal {
  return { userId, tenantId: tenant?.id ?? null };
}

export function subjectOfSession({ account, session }: Authenticated): Subject {
  return {
    kind: "session",
    userId: account.id,
    role: account.role,
    tenant: session.tenant,
    scopes: null,
    mfaEnabled: account.mfaEnabled,
    factorAt: session.factorAt,
    provenAt: account.mfaEnabled ? session.factorAt : session.authenticatedAt,
  };
}

/** A token does not say whether the account has a second factor: only one that was shown proves anything fresh. */
export function subjectOfClaims(claims: AccessClaims): Subject {
  const factorAt = claims.mfa_time === undefined ? null : claims.mfa_time * 1000;
  return {
    kind: "access-token",
    userId: claims.sub,
    role: claims.role,
    tenant: claims.tenant ?? null,
    scopes: null,
    mfaEnabled: factorAt !== null,
    factorAt,
    provenAt: factorAt,
  };
}
