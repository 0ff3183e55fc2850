import type { Factors, Passkey } from "@rempart/messaging/contract";
import type { MessengerClient, RecoveryCodes } from "../../client/api.ts";
import { fixtureId } from "./people.ts";
import { type DoubleState, remove } from "./state.ts";

const DAY = 86_400_000;
const SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
/** What the double takes for right; everything else is wrong. */
const RIGHT_CODE = "123456";

type FactorCommands = Pick<
  MessengerClient,
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
>;

export function factorCommands(state: DoubleState): FactorCommands {
  const factors = state.scenario.protected ? someFactors() : noFactors();
  const passkeys = [...factors.passkeys];
  let { totp, recoveryCodesLeft } = factors;
  let proven = !state.scenario.protected;

  const fresh = <T>(act: () => T) => state.answer(act, proven ? null : "step-up-required");
  const protect = (): void => state.become({ mfaEnabled: true, mfaRequired: false });
  const firstCodes = (): RecoveryCodes => {
    protect();
    if (recoveryCodesLeft > 0) return null;
    recoveryCodesLeft = 10;
    return codes();
  };

  return {
    stepUp: ({ factor }) => {
      const wrong = factor !== undefined && factor.method !== "passkey" && factor.code !== RIGHT_CODE;
      return state.answer(
        () => {
          proven = true;
        },
        wrong ? "wrong-factor" : null,
      );
    },
    startPasskeyStepUp: () => state.answer(() => ({})),
    factors: () => state.answer(() => ({ totp, passkeys: [...passkeys], recoveryCodesLeft })),
    startTotp: () =>
      fresh(() => ({
        secret: SECRET,
        uri: `otpauth://totp/Secure%20Messenger:camille%40example.org?secret=${SECRET}&issuer=Secure%20Messenger`,
      })),
    confirmTotp: (code) =>
      state.answer(
        () => {
          totp = { id: fixtureId("factor", 0), createdAt: Date.now() };
          return firstCodes();
        },
        code === RIGHT_CODE ? null : "wrong-factor",
      ),
    startPasskey: () => fresh(() => ({})),
    addPasskey: ({ name }) =>
      state.answer(() => {
        const passkey = passkeyNamed(passkeys.length + 10, name, 0, null, true);
        passkeys.unshift(passkey);
        return { passkey, recoveryCodes: firstCodes() };
      }),
    renamePasskey: (id, name) =>
      state.answer(() => {
        const index = passkeys.findIndex((each) => each.id === id);
        const before = passkeys[index];
        if (before !== undefined) passkeys[index] = { ...before, name };
      }),
    removeFactor: (id) =>
      fresh(() => {
        if (totp?.id === id) totp = null;
        remove(passkeys, id);
        if (totp !== null || passkeys.length > 0) return;
        recoveryCodesLeft = 0;
        state.become({ mfaEnabled: false, mfaRequired: true });
      }),
    replaceRecoveryCodes: () =>
      fresh(() => {
        recoveryCodesLeft = 10;
        return codes();
      }),
  };
}

function someFactors(): Factors {
  return {
    totp: { id: fixtureId("factor", 0), createdAt: Date.now() - 40 * DAY },
    passkeys: [
      passkeyNamed(1, "Chrome · Android", 30 * DAY, 2 * DAY, true),
      passkeyNamed(2, "YubiKey 5C", 12 * DAY, null, false),
    ],
    recoveryCodesLeft: 3,
  };
}

function noFactors(): Factors {
  return { totp: null, passkeys: [], recoveryCodesLeft: 0 };
}

function passkeyNamed(
  n: number,
  name: string,
  madeAgo: number,
  usedAgo: number | null,
  backedUp: boolean,
): Passkey {
  const now = Date.now();
  return {
    id: fixtureId("factor", n),
    name,
    createdAt: now - madeAgo,
    lastUsedAt: usedAgo === null ? null : now - usedAgo,
    backedUp,
  };
}

function codes(): string[] {
  return Array.from(
    { length: 10 },
    (_, n) => `k7w4-${(n * 7919 + 4096).toString(32).padStart(4, "q")}-9xmt-2rbe`,
  );
}
