import { fromBase64Url, type Uuid, uuidFromBytes } from "@rempart/kernel";
import type { PasskeySite } from "../ports.ts";
import type { PasskeyResponse } from "./response.ts";
import { webauthn, webauthnHelpers } from "./webauthn.ts";

/** EdDSA, ES256, RS256 (IANA COSE Algorithms). */
export const ALGORITHMS = [-8, -7, -257];

/** What a new credential says of itself. */
export interface RegisteredCredential {
  readonly credentialId: Buffer;
  /** COSE_Key. */
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly backedUp: boolean;
}

/**
 * Checks an answer to a registration whose challenge the caller has used up: origin, relying party, a verified person, the
 * key's algorithm. Null when anything is wrong. No attestation is asked for and none is believed.
 */
export async function verifyRegistration(
  site: PasskeySite,
  { id, challenge, clientDataJSON, fields, transports }: PasskeyResponse,
): Promise<RegisteredCredential | null> {
  const { attestationObject } = fields;
  if (attestationObject === undefined || !(await isUnattested(attestationObject))) return null;
  const { verifyRegistrationResponse } = await webauthn();
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: {
        ...{ id, rawId: id, type: "public-key", clientExtensionResults: {} },
        response: { clientDataJSON, attestationObject, transports: [...transports] },
      },
      ...expectations(site, challenge),
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return null;
    const { credential, credentialBackedUp } = registrationInfo;
    if (credential.id !== id) return null;
    return {
      credentialId: Buffer.from(credential.id, "base64url"),
      publicKey: Buffer.from(credential.publicKey),
      counter: credential.counter,
      backedUp: credentialBackedUp,
    };
  } catch {
    return null;
  }
}

/** True for no statement, or one made by the key itself. A certificate would have us read lists of revocation at addresses it names. */
async function isUnattested(attestationObject: string): Promise<boolean> {
  const { decodeAttestationObject } = await webauthnHelpers();
  try {
    const decoded = decodeAttestationObject(fromBase64Url(attestationObject) ?? new Uint8Array());
    const format = decoded.get("fmt");
    return format === "none" || (format === "packed" && decoded.get("attStmt").get("x5c") === undefined);
  } catch {
    return false;
  }
}

export interface Assertion {
  readonly counter: number;
  readonly backedUp: boolean;
}

/** Checks an answer to a sign-in or step-up whose challenge the caller has used up. Null when anything is wrong. */
export async function verifyAssertion(
  site: PasskeySite,
  { id, challenge, clientDataJSON, fields }: PasskeyResponse,
  publicKey: Uint8Array,
): Promise<Assertion | null> {
  const { authenticatorData, signature } = fields;
  if (authenticatorData === undefined || signature === undefined) return null;
  const { verifyAuthenticationResponse } = await webauthn();
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        ...{ id, rawId: id, type: "public-key", clientExtensionResults: {} },
        response: { clientDataJSON, authenticatorData, signature },
      },
      ...expectations(site, challenge),
      // The counter is judged by the caller, who must tell a regress from a forgery.
      credential: { id, publicKey: new Uint8Array(publicKey), counter: 0 },
    });
    if (!verified) return null;
    return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp };
  } catch {
    return null;
  }
}

function expectations({ rpId, origins }: PasskeySite, challenge: string) {
  return {
    expectedChallenge: challenge,
    expectedOrigin: [...origins],
    expectedRPID: rpId,
    requireUserVerification: true,
  };
}

/** Whom the authenticator keeps this credential for; null when it does not say. */
export function userOf({ fields }: PasskeyResponse): Uuid | null {
  const handle = fields.userHandle === undefined ? null : fromBase64Url(fields.userHandle);
  return handle === null ? null : uuidFromBytes(handle);
}

/** Whether a counter says that the key was used elsewhere meanwhile (WebAuthn Level 3, section 6.1.1). Zero: it does not count. */
export function isRegressed(stored: number, shown: number): boolean {
  return (stored > 0 || shown > 0) && shown <= stored;
}
