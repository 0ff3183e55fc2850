import type { Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { IdentityError } from "../errors.ts";
import type { PasskeySite } from "../ports.ts";
import { isRegressed, userOf, verifyAssertion } from "./ceremony.ts";
import { type Binding, consumeChallenge } from "./challenges.ts";
import type { PasskeyResponse } from "./response.ts";
import { findPasskey, noteUse, type StoredPasskey } from "./store.ts";

export function demandPasskeys(context: Context): PasskeySite {
  if (context.passkeys === null) {
    throw new IdentityError("not-configured", "This installation has no passkeys");
  }
  return context.passkeys;
}

/**
 * The passkey of `userId` that answered the challenge of this ceremony, or null. The challenge is used up either way once the
 * caller's transaction commits. The caller holds the account.
 */
export async function provePasskey(
  context: Context,
  tx: Transaction,
  userId: Uuid,
  response: PasskeyResponse,
  binding: Binding,
): Promise<StoredPasskey | null> {
  const site = demandPasskeys(context);
  if (!(await consumeChallenge(context, tx, response.challenge, binding))) return null;
  const passkey = await findPasskey(tx, response.credentialId);
  if (passkey === null || passkey.userId !== userId) return null;
  // Required where no account was named beforehand (WebAuthn Level 3, section 7.2, step 6).
  const handle = userOf(response);
  if (handle === null ? binding.ceremony === "sign-in" : handle !== userId) return null;
  const assertion = await verifyAssertion(site, response, passkey.publicKey);
  if (assertion === null) return null;
  const { counter, backedUp } = assertion;
  if (isRegressed(passkey.counter, counter)) {
    const { id: passkeyId, counter: stored } = passkey;
    await context.observe(
      { type: "auth.passkey.counter-regressed", userId, passkeyId, stored, shown: counter },
      tx,
    );
    return null;
  }
  await noteUse(tx, passkey.id, { counter, backedUp, at: context.clock.now() });
  return passkey;
}
