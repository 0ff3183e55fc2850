import { isUniqueViolation, type Transaction } from "@rempart/database";
import type { Context } from "../context.ts";
import { type Held, hold, holdFresh } from "../credentials/held.ts";
import { IdentityError } from "../errors.ts";
import type { EnrolledFactor } from "../factors/enrol-totp.ts";
import { firstRecoveryCodes, passkeyName, tell } from "../factors/factors.ts";
import { PASSKEY_AMR } from "../factors/prove.ts";
import { markProven } from "../factors/session-proof.ts";
import { wrongFactor } from "../sign-in/second-factor.ts";
import type { Authenticated } from "../types.ts";
import { type RegisteredCredential, verifyRegistration } from "./ceremony.ts";
import { consumeChallenge, issueChallenge } from "./challenges.ts";
import { creationOptions, type PasskeyCreation } from "./options.ts";
import { demandPasskeys } from "./prove.ts";
import { type PasskeyResponse, parseResponse } from "./response.ts";
import { insertPasskey, listPasskeys, type Passkey, type StoredPasskey } from "./store.ts";

/** For `navigator.credentials.create()`. Throws `step-up-required`, `too-many-passkeys`, `not-configured`. */
export async function startPasskeyRegistration(
  context: Context,
  who: Authenticated,
): Promise<PasskeyCreation> {
  const site = demandPasskeys(context);
  return context.database.transaction(async (tx) => {
    const { account, session } = await holdFresh(context, tx, who);
    const existing = await listForOneMore(context, tx, account.id);
    const binding = { ceremony: "register", sessionId: session.id } as const;
    const challenge = await issueChallenge(context, tx, binding);
    return creationOptions(context, site, challenge, account, existing);
  });
}

export interface NewPasskeyInput {
  /** As its owner tells it from the others. */
  readonly name: string;
  /** The JSON form of what the browser gave. */
  readonly response: unknown;
}

/**
 * Adds the passkey the browser made. This session has shown its second factor by that. Throws `wrong-factor`,
 * `validation-failed` for the name, `too-many-passkeys`.
 */
export async function finishPasskeyRegistration(
  context: Context,
  who: Authenticated,
  input: NewPasskeyInput,
): Promise<EnrolledFactor & { readonly passkey: Passkey }> {
  const name = passkeyName(input.name);
  const response = parseResponse(input.response);
  if (response === null) throw wrongFactor();
  try {
    const outcome = await context.database.transaction(async (tx) => {
      const held = await hold(context, tx, who);
      await listForOneMore(context, tx, held.account.id);
      const credential = await check(context, tx, held, response);
      return credential === null ? wrongFactor() : add(context, tx, held, credential, response, name);
    });
    if (outcome instanceof IdentityError) throw outcome;
    return outcome;
  } catch (error) {
    throw isUniqueViolation(error, "passkeys_credential_id_key") ? wrongFactor() : error;
  }
}

async function listForOneMore(context: Context, tx: Transaction, userId: string): Promise<StoredPasskey[]> {
  const existing = await listPasskeys(tx, userId);
  if (existing.length >= context.config.factors.passkeysPerAccount) {
    throw new IdentityError("too-many-passkeys", "Remove a passkey before you add another one");
  }
  return existing;
}

async function check(
  context: Context,
  tx: Transaction,
  { session }: Held,
  response: PasskeyResponse,
): Promise<RegisteredCredential | null> {
  const site = demandPasskeys(context);
  const binding = { ceremony: "register", sessionId: session.id } as const;
  if (!(await consumeChallenge(context, tx, response.challenge, binding))) return null;
  return verifyRegistration(site, response);
}

async function add(
  context: Context,
  tx: Transaction,
  held: Held,
  credential: RegisteredCredential,
  { transports }: PasskeyResponse,
  name: string,
): Promise<EnrolledFactor & { readonly passkey: Passkey }> {
  const { id: userId } = held.account;
  const id = context.newId();
  const createdAt = context.clock.now();
  await insertPasskey(tx, { ...credential, id, userId, name, createdAt, transports });
  await markProven(context, tx, held.session, { amr: PASSKEY_AMR, passkeyId: null });
  await tell(context, tx, held, "added", "passkey", id);
  const { backedUp } = credential;
  return {
    passkey: { id, name, createdAt, lastUsedAt: null, backedUp },
    recoveryCodes: await firstRecoveryCodes(context, tx, userId),
  };
}
