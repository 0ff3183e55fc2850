import {
  clearSessionCookie,
  isPermission,
  type Permission,
  serialiseSessionCookie,
  subjectOfSession,
} from "@rempart/identity";
import { reachableUsers } from "../../devices/key-packages.ts";
import { refuse } from "../../refusal.ts";
import type { Call, Handlers } from "../call.ts";
import { bearerOf, sessionTokenOf } from "../credentials.ts";
import { clientOf, toAccount, toApiKey, toSession } from "./answers.ts";
import type { Services } from "./services.ts";

type AccountRoute =
  | "updateAccount"
  | "eraseAccount"
  | "searchUsers"
  | "changePassword"
  | "changeEmail"
  | "resendVerification"
  | "stepUp"
  | "startPasskeyStepUp"
  | "apiKeys"
  | "createApiKey"
  | "revokeApiKey";

export function accountHandlers(services: Services): Pick<Handlers, AccountRoute> {
  const { identity, database, clock } = services;
  const { credentials, factors, apiKeys } = identity;
  return {
    async updateAccount({ caller, body }) {
      const account = await identity.updateName(caller.account.id, body.name);
      return { account: toAccount({ ...caller, account }) };
    },
    async eraseAccount({ caller, setCookie }) {
      await identity.eraseAccount(caller);
      setCookie(clearSessionCookie());
      return { recorded: await services.erasuresRecorded() };
    },
    async searchUsers({ caller, query }) {
      const people = await identity.findUsers({ q: query.q, excluding: caller.account.id });
      const reachable = await reachableUsers(
        database,
        clock,
        people.map(({ id }) => id),
      );
      return { users: people.filter(({ id }) => reachable.has(id)).map((person) => ({ ...person })) };
    },
    async changePassword({ caller, body }) {
      await credentials.changePassword(caller, body);
      return null;
    },
    async changeEmail({ caller, body }) {
      await credentials.requestEmailChange(caller, body.email);
      return null;
    },
    async resendVerification({ caller }) {
      await credentials.requestEmailVerification(caller);
      return null;
    },
    async stepUp(call) {
      const session = await factors.stepUp(call.caller, call.body);
      await replaceToken(services, call);
      return { session: toSession(session, call.caller.session.id) };
    },
    async startPasskeyStepUp({ caller }) {
      return { options: { ...(await factors.startPasskeyStepUp(caller)) } };
    },
    async apiKeys({ caller }) {
      return { apiKeys: (await apiKeys.of(caller.account.id)).map(toApiKey) };
    },
    async createApiKey({ caller, body }) {
      const permissions = knownPermissions(body.permissions);
      if (permissions === null) return refuse("forbidden", "There is no such permission");
      const { name, expiresAt } = body;
      const wanted = { name, permissions, ...(expiresAt === undefined ? {} : { expiresAt }) };
      const issued = await apiKeys.create(subjectOfSession(caller), wanted);
      return { apiKey: toApiKey(issued), secret: issued.secret };
    },
    async revokeApiKey({ caller, params }) {
      await apiKeys.revoke(subjectOfSession(caller), params.keyId);
      return null;
    },
  };
}

/**
 * A token that may be known to somebody else does not inherit the proof (ASVS 5.0, 7.2.4). Who came with an access token
 * holds none: the next one says what was proven.
 */
async function replaceToken({ identity, clock }: Services, call: Call<"stepUp">): Promise<void> {
  const token = bearerOf(call.headers) === null ? sessionTokenOf(call.headers) : null;
  const refreshed = token === null ? null : await identity.tokens.refresh(token, clientOf(call));
  if (refreshed === null) return;
  call.setCookie(serialiseSessionCookie(refreshed.token, refreshed.session.expiresAt, clock.now()));
}

/** Null when one of the names is no permission. */
function knownPermissions(names: readonly string[]): Permission[] | null {
  const known = names.filter(isPermission);
  return known.length === names.length ? known : null;
}
