import type {
  Authenticated,
  Client,
  Account as IdentityAccount,
  ApiKey as IdentityApiKey,
  Session as IdentitySession,
} from "@rempart/identity";
import { assuranceRefusal } from "@rempart/identity";
import type { Account, ApiKey, Session, SignedIn } from "@rempart/messaging/contract";
import type { Call } from "../call.ts";

/** What identity knows, as the contract tells it. */

export function clientOf({ context, userAgent }: Pick<Call<"signIn">, "context" | "userAgent">): Client {
  return { address: context.client.text, userAgent };
}

export function toSignedIn(who: Authenticated, incarnation: number): SignedIn {
  return { account: toAccount(who), session: toSession(who.session, who.session.id), incarnation };
}

export function toAccount(who: Authenticated): Account {
  const mfaRequired = assuranceRefusal(who)?.code === "mfa-enrolment-required";
  return { ...accountFields(who.account), mfaRequired };
}

function accountFields(account: IdentityAccount): Omit<Account, "mfaRequired"> {
  const { id, name, email, role, createdAt, emailVerifiedAt, mfaEnabled } = account;
  return { id, name, email, role, createdAt, emailVerifiedAt, mfaEnabled };
}

export function toSession(session: IdentitySession, currentId: string): Session {
  const { id, createdAt, lastUsedAt, expiresAt, userAgent, address, amr } = session;
  return {
    id,
    current: id === currentId,
    createdAt,
    lastUsedAt,
    expiresAt,
    userAgent,
    address,
    amr: [...amr],
  };
}

export function toApiKey(key: IdentityApiKey): ApiKey {
  const { id, name, shownPrefix, permissions, createdAt, expiresAt, lastUsedAt } = key;
  return { id, name, prefix: shownPrefix, permissions: [...permissions], createdAt, expiresAt, lastUsedAt };
}
