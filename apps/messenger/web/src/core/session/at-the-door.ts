import type { MessengerClient } from "../../client/api.ts";
import type { Rest } from "../net/rest.ts";
import type { Throwing } from "../throwing.ts";

type Names =
  | "startPasskeySecondFactor"
  | "startPasskeySignIn"
  | "requestPasswordReset"
  | "resetPassword"
  | "verifyEmail"
  | "confirmEmailChange"
  | "undoEmailChange";

export type DoorCommands = { readonly [N in Names]: Throwing<MessengerClient[N]> };

/** What may be asked whoever is signed in, or nobody. `changed`: the account that is signed in may be the one meant. */
export function doorCommands(rest: Rest, changed: () => Promise<void>): DoorCommands {
  return {
    startPasskeySecondFactor: async (challenge) =>
      (await rest.call("secondFactorPasskey", { body: { challenge } })).options,
    startPasskeySignIn: async () => (await rest.call("startPasskeySignIn", {})).options,
    requestPasswordReset: async (email) =>
      void (await rest.call("requestPasswordReset", { body: { email } })),
    async resetPassword(body) {
      await rest.call("resetPassword", { body });
      await changed();
    },
    async verifyEmail(token) {
      await rest.call("verifyEmail", { body: { token } });
      await changed();
    },
    async confirmEmailChange(token) {
      await rest.call("confirmEmailChange", { body: { token } });
      await changed();
    },
    async undoEmailChange(token) {
      await rest.call("undoEmailChange", { body: { token } });
      await changed();
    },
  };
}
