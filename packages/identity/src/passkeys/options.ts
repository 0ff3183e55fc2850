import { type Uuid, uuidToBytes } from "@rempart/kernel";
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/server";
import type { Context } from "../context.ts";
import type { PasskeySite } from "../ports.ts";
import { ALGORITHMS } from "./ceremony.ts";
import type { StoredPasskey } from "./store.ts";
import { webauthn } from "./webauthn.ts";

/** For `PublicKeyCredential.parseCreationOptionsFromJSON()`. */
export type PasskeyCreation = PublicKeyCredentialCreationOptionsJSON;
/** For `PublicKeyCredential.parseRequestOptionsFromJSON()`. */
export type PasskeyRequest = PublicKeyCredentialRequestOptionsJSON;

/** `passkeys`: those to choose from; none: whichever the person has. */
export async function requestOptions(
  context: Context,
  site: PasskeySite,
  challenge: string,
  passkeys: readonly StoredPasskey[],
): Promise<PasskeyRequest> {
  const { generateAuthenticationOptions } = await webauthn();
  return generateAuthenticationOptions({
    rpID: site.rpId,
    challenge: Buffer.from(challenge, "base64url"),
    allowCredentials: descriptors(passkeys),
    userVerification: "required",
    timeout: context.config.factors.challengeMs,
  });
}

/** `existing`: an authenticator that holds one of these makes no second. */
export async function creationOptions(
  context: Context,
  site: PasskeySite,
  challenge: string,
  user: { readonly id: Uuid; readonly email: string; readonly name: string },
  existing: readonly StoredPasskey[],
): Promise<PasskeyCreation> {
  const userID = uuidToBytes(user.id);
  if (userID === null) throw new TypeError("not a user's id");
  const { generateRegistrationOptions } = await webauthn();
  return generateRegistrationOptions({
    rpID: site.rpId,
    rpName: site.rpName,
    userID,
    userName: user.email,
    userDisplayName: user.name,
    challenge: Buffer.from(challenge, "base64url"),
    attestationType: "none",
    excludeCredentials: descriptors(existing),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    supportedAlgorithmIDs: ALGORITHMS,
    timeout: context.config.factors.challengeMs,
  });
}

function descriptors(passkeys: readonly StoredPasskey[]): { id: string; transports: string[] }[] {
  return passkeys.map(({ credentialId, transports }) => ({
    id: credentialId.toString("base64url"),
    transports: [...transports],
  }));
}
