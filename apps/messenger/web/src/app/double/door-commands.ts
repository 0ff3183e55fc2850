import type { MessengerClient, Result } from "../../client/api.ts";
import { ME } from "./people.ts";
import type { DoubleState } from "./state.ts";

type DoorCommands = Pick<
  MessengerClient,
  | "signUp"
  | "signIn"
  | "completeSignIn"
  | "startPasskeySecondFactor"
  | "startPasskeySignIn"
  | "signInWithPasskey"
  | "requestPasswordReset"
  | "resetPassword"
  | "verifyEmail"
  | "confirmEmailChange"
  | "undoEmailChange"
>;

const RIGHT_CODE = "123456";
const CHALLENGE_MS = 300_000;

/** How an address begins says what happens: `taken@`, `mail@` (to be verified first), `two@` (a second factor is asked for). */
export function doorCommands(state: DoubleState): DoorCommands {
  const enter = (email = ME.email, name = ME.name): void =>
    state.app.set({ phase: "ready", me: { ...ME, email, name } });
  const withLink = (token: string): Promise<Result> =>
    state.answer(() => undefined, token.startsWith("used") ? "invalid-link" : null);

  return {
    signUp: ({ email, name }) =>
      state.answer(
        () => {
          if (email.startsWith("mail")) return { status: "verify-email" };
          enter(email, name);
          return { status: "signed-in" };
        },
        email.startsWith("taken") ? "email-taken" : null,
      ),
    signIn: ({ email }) =>
      state.answer(() => {
        if (email.startsWith("two")) return secondFactor();
        enter(email);
        return { status: "signed-in" };
      }),
    completeSignIn: ({ proof }) =>
      state.answer(
        () => enter(),
        proof.method !== "passkey" && proof.code !== RIGHT_CODE ? "wrong-factor" : null,
      ),
    startPasskeySecondFactor: () => state.answer(() => ({})),
    startPasskeySignIn: () => state.answer(() => ({})),
    signInWithPasskey: () => state.answer(() => enter()),
    requestPasswordReset: (email) =>
      state.answer(() => undefined, email.startsWith("none") ? "not-configured" : null),
    resetPassword: ({ token }) => withLink(token),
    verifyEmail: withLink,
    confirmEmailChange: withLink,
    undoEmailChange: withLink,
  };
}

function secondFactor() {
  return {
    status: "second-factor",
    challenge: "challenge",
    expiresAt: Date.now() + CHALLENGE_MS,
    methods: ["passkey", "totp", "recovery-code"],
  } as const;
}
