import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { PASSKEY_AMR } from "../factors/prove.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { checkStatus, enter, holdCandidate } from "../sign-in/enter.ts";
import { readChallenge, refuseFactor } from "../sign-in/second-factor.ts";
import type { Authenticated, Client, SignedIn } from "../types.ts";
import { issueChallenge } from "./challenges.ts";
import { type PasskeyRequest, requestOptions } from "./options.ts";
import { demandPasskeys, provePasskey } from "./prove.ts";
import { type PasskeyResponse, parseResponse } from "./response.ts";
import { findPasskey, listPasskeys } from "./store.ts";

/** For `navigator.credentials.get()`: the person picks any of their passkeys, and names nobody beforehand. */
export async function startPasskeySignIn(context: Context): Promise<PasskeyRequest> {
  const site = demandPasskeys(context);
  const challenge = await issueChallenge(context, context.database, { ceremony: "sign-in" });
  return requestOptions(context, site, challenge, []);
}

/** The same for a sign-in that waits for its second factor: one of the account's own. Throws `invalid-challenge`. */
export async function startPasskeySecondFactor(
  context: Context,
  signInChallenge: string,
): Promise<PasskeyRequest> {
  const site = demandPasskeys(context);
  const userId = await readChallenge(context, context.database, signInChallenge);
  const binding = { ceremony: "second-factor", challenge: signInChallenge } as const;
  const challenge = await issueChallenge(context, context.database, binding);
  return requestOptions(context, site, challenge, await listPasskeys(context.database, userId));
}

/** The same for a session that is to prove itself again. */
export async function startPasskeyStepUp(context: Context, who: Authenticated): Promise<PasskeyRequest> {
  const site = demandPasskeys(context);
  const binding = { ceremony: "step-up", sessionId: who.session.id } as const;
  const challenge = await issueChallenge(context, context.database, binding);
  return requestOptions(context, site, challenge, await listPasskeys(context.database, who.account.id));
}

/**
 * Signs in with a passkey alone. Throws `wrong-factor` for whatever is wrong with the answer, be it a passkey nobody has;
 * `account-suspended` and `account-banned` are told to who holds the key.
 */
export async function signInWithPasskey(
  context: Context,
  sessions: Sessions,
  input: unknown,
  client: Client,
): Promise<SignedIn> {
  demandPasskeys(context);
  const response = parseResponse(input);
  const known = response === null ? null : await findPasskey(context.database, response.credentialId);
  const outcome =
    response === null || known === null
      ? await context.database.transaction((tx) => refuseFactor(context, tx, null, client))
      : await proceed(context, sessions, known.userId, response, client);
  if (outcome instanceof IdentityError) throw outcome;
  return outcome;
}

async function proceed(
  context: Context,
  sessions: Sessions,
  userId: Uuid,
  response: PasskeyResponse,
  client: Client,
): Promise<SignedIn | IdentityError> {
  return context.database.transaction(async (tx) => {
    const row = await holdCandidate(tx, userId);
    const passkey =
      row === null ? null : await provePasskey(context, tx, userId, response, { ceremony: "sign-in" });
    if (row === null || passkey === null) return refuseFactor(context, tx, userId, client);
    const barred = await checkStatus(context, tx, row, client);
    return barred ?? enter(context, sessions, tx, { row, amr: PASSKEY_AMR, client, passkeyId: passkey.id });
  });
}
