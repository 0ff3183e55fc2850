import type { MessengerClient } from "../../client/api.ts";
import type { Rest } from "../net/rest.ts";
import type { Throwing } from "../throwing.ts";

type Names =
  | "changePassword"
  | "changeEmail"
  | "resendVerification"
  | "stepUp"
  | "startPasskeyStepUp"
  | "factors"
  | "startTotp"
  | "confirmTotp"
  | "startPasskey"
  | "addPasskey"
  | "renamePasskey"
  | "removeFactor"
  | "replaceRecoveryCodes"
  | "sessions"
  | "revokeSession"
  | "revokeOtherSessions";

export type OwnAccountCommands = { readonly [N in Names]: Throwing<MessengerClient[N]> };

/** The password, the address, the factors and the sessions of who is signed in. `changed`: what `Me` shows may be another now. */
export function ownAccountCommands(rest: Rest, changed: () => Promise<void>): OwnAccountCommands {
  const revokeSession = async (sessionId: string): Promise<void> =>
    void (await rest.call("revokeSession", { params: { sessionId } }));
  const sessions = async () => (await rest.call("sessions", {})).sessions;

  return {
    changePassword: async (body) => void (await rest.call("changePassword", { body })),
    changeEmail: async (email) => void (await rest.call("changeEmail", { body: { email } })),
    resendVerification: async () => void (await rest.call("resendVerification", {})),
    stepUp: async (body) => void (await rest.call("stepUp", { body })),
    startPasskeyStepUp: async () => (await rest.call("startPasskeyStepUp", {})).options,
    factors: () => rest.call("factors", {}),
    async startTotp() {
      const { secret, uri } = await rest.call("startTotp", {});
      return { secret, uri };
    },
    async confirmTotp(code) {
      const { recoveryCodes } = await rest.call("confirmTotp", { body: { code } });
      await changed();
      return recoveryCodes;
    },
    startPasskey: async () => (await rest.call("startPasskey", {})).options,
    async addPasskey({ name, answer }) {
      const added = await rest.call("addPasskey", { body: { name, response: answer } });
      await changed();
      return added;
    },
    renamePasskey: async (passkeyId, name) =>
      void (await rest.call("renamePasskey", { params: { passkeyId }, body: { name } })),
    async removeFactor(factorId) {
      await rest.call("removeFactor", { params: { factorId } });
      await changed();
    },
    replaceRecoveryCodes: async () => (await rest.call("replaceRecoveryCodes", {})).recoveryCodes,
    sessions,
    revokeSession,
    async revokeOtherSessions() {
      for (const { id, current } of await sessions()) if (!current) await revokeSession(id);
    },
  };
}
