import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import type { Acting } from "../credentials/credentials.ts";
import type { PasskeyCreation, PasskeyRequest } from "../passkeys/options.ts";
import {
  finishPasskeyRegistration,
  type NewPasskeyInput,
  startPasskeyRegistration,
} from "../passkeys/register.ts";
import { startPasskeyStepUp } from "../passkeys/sign-in.ts";
import type { Passkey } from "../passkeys/store.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Authenticated, Session } from "../types.ts";
import { isFresh, stepUpRequired } from "./assurance.ts";
import { confirmTotp, type EnrolledFactor, startTotp, type TotpEnrolment } from "./enrol-totp.ts";
import { type Factors, listFactors, removeFactor, renamePasskey, replaceRecoveryCodes } from "./factors.ts";
import { type StepUpProof, stepUp } from "./step-up.ts";

/** Authenticator apps, passkeys and recovery codes, and proving oneself again with them. */
export interface SecondFactors {
  list(userId: Uuid): Promise<Factors>;
  /** Codes: `step-up-required`, `not-configured`, `session-ended`. */
  startTotp(who: Authenticated): Promise<TotpEnrolment>;
  /** Codes: `wrong-factor`, `rate-limited`, `session-ended`. */
  confirmTotp(who: Authenticated, code: string): Promise<EnrolledFactor>;
  /** Codes: `step-up-required`, `too-many-passkeys`, `not-configured`, `session-ended`. */
  startPasskey(who: Authenticated): Promise<PasskeyCreation>;
  /** Codes: `wrong-factor`, `validation-failed`, `too-many-passkeys`, `session-ended`. */
  finishPasskey(
    who: Authenticated,
    input: NewPasskeyInput,
  ): Promise<EnrolledFactor & { readonly passkey: Passkey }>;
  /** Codes: `validation-failed`, `unknown-factor`. */
  renamePasskey(userId: Uuid, passkeyId: Uuid, name: string): Promise<void>;
  /** Codes: `step-up-required`, `last-factor`, `unknown-factor`, `session-ended`. */
  remove(who: Authenticated, factorId: Uuid): Promise<void>;
  /** Codes: `step-up-required`, `unknown-factor`, `session-ended`. */
  replaceRecoveryCodes(who: Authenticated): Promise<string[]>;
  /** Throws `step-up-required` unless the session proved itself, with all the account has, within `maxAgeMs`. */
  requireFresh(who: Authenticated, maxAgeMs: number): void;
  startPasskeyStepUp(who: Authenticated): Promise<PasskeyRequest>;
  /** Codes: `wrong-credentials`, `wrong-factor`, `rate-limited`, `session-ended`, `unavailable`. */
  stepUp(who: Authenticated, proof: StepUpProof): Promise<Session>;
}

export function createSecondFactors(context: Context, sessions: Sessions, changing: Acting): SecondFactors {
  return {
    list: (userId) => listFactors(context.database, userId),
    startTotp: (who) => startTotp(context, who),
    confirmTotp: (who, code) => changing(() => confirmTotp(context, who, code)),
    startPasskey: (who) => startPasskeyRegistration(context, who),
    finishPasskey: (who, input) => changing(() => finishPasskeyRegistration(context, who, input)),
    renamePasskey: (userId, passkeyId, name) => renamePasskey(context, userId, passkeyId, name),
    remove: (who, factorId) => changing(() => removeFactor(context, sessions, who, factorId)),
    replaceRecoveryCodes: (who) => changing(() => replaceRecoveryCodes(context, who)),
    requireFresh(who, maxAgeMs) {
      if (!isFresh(who, maxAgeMs, context.clock.now())) throw stepUpRequired();
    },
    startPasskeyStepUp: (who) => startPasskeyStepUp(context, who),
    stepUp: (who, proof) => changing(() => stepUp(context, who, proof)),
  };
}
