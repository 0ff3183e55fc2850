import {
  clearSessionCookie,
  type SignedIn as IdentitySignedIn,
  serialiseSessionCookie,
} from "@rempart/identity";
import type { SignedIn } from "@rempart/messaging/contract";
import { refuse } from "../../refusal.ts";
import type { Call, Handlers } from "../call.ts";
import { sessionTokenOf } from "../credentials.ts";
import { clientOf, toSession, toSignedIn } from "./answers.ts";
import type { Services } from "./services.ts";

type AuthRoute =
  | "signUp"
  | "signIn"
  | "completeSignIn"
  | "secondFactorPasskey"
  | "startPasskeySignIn"
  | "passkeySignIn"
  | "refresh"
  | "signOut"
  | "signOutEverywhere"
  | "session"
  | "sessions"
  | "revokeSession"
  | "socketTicket";

export function authHandlers(services: Services): Pick<Handlers, AuthRoute> {
  const { identity, incarnation } = services;
  return {
    async signUp(call) {
      const result = await identity.signUp(call.body, clientOf(call));
      if (result.status === "verify-email") return { status: result.status };
      return { status: result.status, ...welcomeIn(services, call, result) };
    },
    async signIn(call) {
      const result = await identity.signIn(call.body, clientOf(call));
      if (result.status === "second-factor") return { ...result, methods: [...result.methods] };
      return { status: result.status, ...welcomeIn(services, call, result) };
    },
    async completeSignIn(call) {
      return welcomeIn(services, call, await identity.completeSignIn(call.body, clientOf(call)));
    },
    async secondFactorPasskey({ body }) {
      return { options: { ...(await identity.startPasskeySecondFactor(body.challenge)) } };
    },
    async startPasskeySignIn() {
      return { options: { ...(await identity.startPasskeySignIn()) } };
    },
    async passkeySignIn(call) {
      return welcomeIn(services, call, await identity.signInWithPasskey(call.body.response, clientOf(call)));
    },
    async refresh(call) {
      const token = sessionTokenOf(call.headers);
      const refreshed = token === null ? null : await identity.tokens.refresh(token, clientOf(call));
      if (refreshed === null) {
        call.setCookie(clearSessionCookie());
        return refuse("unauthenticated");
      }
      if (refreshed.access !== null) services.metrics.accessTokenIssued(refreshed.access.sizeBytes);
      return {
        ...welcomeIn(services, call, refreshed),
        accessToken: refreshed.access?.token ?? null,
        accessTokenExpiresAt: refreshed.access?.expiresAt ?? null,
      };
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
      return toSignedIn(caller, incarnation);
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
  };
}

function welcomeIn(
  { clock, incarnation }: Services,
  { setCookie }: Pick<Call<"signIn">, "setCookie">,
  granted: IdentitySignedIn,
): SignedIn {
  setCookie(serialiseSessionCookie(granted.token, granted.session.expiresAt, clock.now()));
  return toSignedIn(granted, incarnation);
}
