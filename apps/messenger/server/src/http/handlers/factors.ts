import type { Handlers } from "../call.ts";
import type { Services } from "./services.ts";

type FactorRoute =
  | "factors"
  | "startTotp"
  | "confirmTotp"
  | "startPasskey"
  | "addPasskey"
  | "renamePasskey"
  | "removeFactor"
  | "replaceRecoveryCodes";

export function factorHandlers({ identity: { factors } }: Services): Pick<Handlers, FactorRoute> {
  return {
    async factors({ caller }) {
      const { totp, passkeys, recoveryCodesLeft } = await factors.list(caller.account.id);
      return { totp, passkeys: [...passkeys], recoveryCodesLeft };
    },
    async startTotp({ caller }) {
      return factors.startTotp(caller);
    },
    async confirmTotp({ caller, body }) {
      return { recoveryCodes: copied(await factors.confirmTotp(caller, body.code)) };
    },
    async startPasskey({ caller }) {
      return { options: { ...(await factors.startPasskey(caller)) } };
    },
    async addPasskey({ caller, body }) {
      const added = await factors.finishPasskey(caller, body);
      return { passkey: { ...added.passkey }, recoveryCodes: copied(added) };
    },
    async renamePasskey({ caller, params, body }) {
      await factors.renamePasskey(caller.account.id, params.passkeyId, body.name);
      return null;
    },
    async removeFactor({ caller, params }) {
      await factors.remove(caller, params.factorId);
      return null;
    },
    async replaceRecoveryCodes({ caller }) {
      return { recoveryCodes: await factors.replaceRecoveryCodes(caller) };
    },
  };
}

function copied({ recoveryCodes }: { recoveryCodes: readonly string[] | null }): string[] | null {
  return recoveryCodes === null ? null : [...recoveryCodes];
}
