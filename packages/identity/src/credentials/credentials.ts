import type { Context } from "../context.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Authenticated, Client } from "../types.ts";
import { confirmEmailChange, requestEmailChange, undoEmailChange } from "./change-email.ts";
import { changePassword, type PasswordChange } from "./change-password.ts";
import { requestPasswordReset, resetPassword } from "./reset-password.ts";
import { requestEmailVerification, verifyEmail } from "./verify-email.ts";

/** Passwords and addresses, and the links in mails that prove or replace them. */
export interface Credentials {
  /** Codes: `wrong-credentials`, `weak-password`, `rate-limited`, `session-ended`, `unavailable`. */
  changePassword(who: Authenticated, change: PasswordChange): Promise<void>;
  /** Resolves alike whoever has the address, and whether or not it is one. Code: `not-configured`. */
  requestPasswordReset(email: string, client: Client): Promise<void>;
  /** Codes: `invalid-link`, `weak-password`, `unavailable`. */
  resetPassword(input: { readonly token: string; readonly password: string }, client: Client): Promise<void>;
  /** Does nothing when the address is proven. Codes: `rate-limited`, `not-configured`, `session-ended`. */
  requestEmailVerification(who: Authenticated): Promise<void>;
  /** Of an account's address, or of a sign-up, which then is an account. Code: `invalid-link`. */
  verifyEmail(token: string, client: Client): Promise<void>;
  /** Codes: `step-up-required`, `validation-failed`, `rate-limited`, `not-configured`, `session-ended`. */
  requestEmailChange(who: Authenticated, email: string): Promise<void>;
  /** Code: `invalid-link`. */
  confirmEmailChange(token: string): Promise<void>;
  /** Code: `invalid-link`. */
  undoEmailChange(token: string): Promise<void>;
}

/** Runs an act around which caches are kept true and mails sent. */
export type Acting = <T>(act: () => Promise<T>) => Promise<T>;

export function createCredentials(
  context: Context,
  sessions: Sessions,
  changing: Acting,
  mailing: Acting,
): Credentials {
  return {
    changePassword: (who, change) => changing(() => changePassword(context, sessions, who, change)),
    requestPasswordReset: (email, client) => mailing(() => requestPasswordReset(context, email, client)),
    resetPassword: (input, client) => changing(() => resetPassword(context, sessions, input, client)),
    requestEmailVerification: (who) => mailing(() => requestEmailVerification(context, who)),
    verifyEmail: (token, client) => changing(() => verifyEmail(context, token, client)),
    requestEmailChange: (who, email) => mailing(() => requestEmailChange(context, who, email)),
    confirmEmailChange: (token) => changing(() => confirmEmailChange(context, token)),
    undoEmailChange: (token) => changing(() => undoEmailChange(context, sessions, token)),
  };
}
