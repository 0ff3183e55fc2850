import { isPermission, type Permission, subjectOfSession } from "@rempart/identity";
import { refuse } from "../../refusal.ts";
import type { Handlers } from "../call.ts";
import { toAccount, toApiKey, toSession } from "./answers.ts";
import type { Services } from "./services.ts";

type AccountRoute =
  | "updateAccount"
  | "searchUsers"
  | "changePassword"
  | "changeEmail"
  | "resendVerification"
  | "stepUp"
  | "startPasskeyStepUp"
  | "apiKeys"
  | "createApiKey"
  | "revokeApiKey";

export function accountHandlers({ identity }: Services): Pick<Handlers, AccountRoute> {
  const { credentials, factors, apiKeys } = identity;
  return {
    async updateAccount({ caller, body }) {
      const account = await identity.updateName(caller.account.id, body.name);
      return { account: toAccount({ ...caller, account }) };
    },
    async searchUsers({ caller, query }) {
      const people = await identity.findUsers({ q: query.q, excluding: caller.account.id });
      return { users: people.map((person) => ({ ...person })) };
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
    async stepUp({ caller, body }) {
      return { session: toSession(await factors.stepUp(caller, body), caller.session.id) };
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

/** Null when one of the names is no permission. */
function knownPermissions(names: readonly string[]): Permission[] | null {
  const known = names.filter(isPermission);
  return known.length === names.length ? known : null;
}
