import {
  type Authenticated,
  type Client,
  clearSessionCookie,
  type Session as IdentitySession,
  type SignedIn as IdentitySignedIn,
  serialiseSessionCookie,
} from "@rempart/identity";
import type { Session, SignedIn } from "@rempart/messaging/contract";
import { refuse } from "../../refusal.ts";
import type { Call, Handlers } from "../call.ts";
import type { Services } from "./services.ts";

type AuthRoute =
  | "signUp"
  | "signIn"
  | "signOut"
  | "signOutEverywhere"
  | "session"
  | "sessions"
  | "revokeSession"
  | "socketTicket"
  | "updateAccount"
  | "searchUsers";

export function authHandlers(services: Services): Pick<Handlers, AuthRoute> {
  const { identity, incarnation } = services;
  return {
    async signUp(call) {
      const { email, password, name, invitation } = call.body;
      const input = { email, password, name, ...(invitation === undefined ? {} : { invitation }) };
      return welcomeIn(services, call, await identity.signUp(input, clientOf(call)));
    },
    async signIn(call) {
      return welcomeIn(services, call, await identity.signIn(call.body, clientOf(call)));
    },
    async signOut({ caller, setCookie }) {
      await identity.signOut(caller.session.id);
      setCookie(clearSessionCookie());
      return null;
    },
    async signOutEverywhere({ caller, setCookie }) {
      await identity.signOutEverywhere(caller.account.id);
      setCookie(clearSessionCookie());
      return null;
    },
    async session({ caller }) {
      return signedIn(caller, incarnation);
    },
    async sessions({ caller }) {
      const sessions = await identity.sessions(caller.account.id);
      return { sessions: sessions.map((session) => toSession(session, caller.session.id)) };
    },
    async revokeSession({ caller, params, setCookie }) {
      const ended = await identity.revokeSession(caller.account.id, params.sessionId);
      if (!ended) return refuse("not-found");
      if (params.sessionId === caller.session.id) setCookie(clearSessionCookie());
      return null;
    },
    async socketTicket({ caller }) {
      const { ticket, expiresAt } = await identity.issueTicket(caller.session);
      return { ticket, expiresAt };
    },
    async updateAccount({ caller, body }) {
      return { account: await identity.updateName(caller.account.id, body.name) };
    },
    async searchUsers({ caller, query }) {
      const people = await identity.findUsers({ q: query.q, excluding: caller.account.id });
      return { users: people.map((person) => ({ ...person })) };
    },
  };
}

function clientOf({ context, userAgent }: Pick<Call<"signIn">, "context" | "userAgent">): Client {
  return { address: context.client.text, userAgent };
}

function welcomeIn(
  { clock, incarnation }: Services,
  { setCookie }: Pick<Call<"signIn">, "setCookie">,
  granted: IdentitySignedIn,
): SignedIn {
  setCookie(serialiseSessionCookie(granted.token, granted.session.expiresAt, clock.now()));
  return signedIn(granted, incarnation);
}

function signedIn({ account, session }: Authenticated, incarnation: number): SignedIn {
  const { id, name, email, role, createdAt } = account;
  return {
    account: { id, name, email, role, createdAt },
    session: toSession(session, session.id),
    incarnation,
  };
}

function toSession(session: IdentitySession, currentId: string): Session {
  const { id, createdAt, lastUsedAt, expiresAt, userAgent, address } = session;
  return { id, current: id === currentId, createdAt, lastUsedAt, expiresAt, userAgent, address };
}
