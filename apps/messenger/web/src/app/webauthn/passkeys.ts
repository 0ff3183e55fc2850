/** The browser's dialogs for passkeys. They run in the page: a worker has no `navigator.credentials`. */
import type { FailureCode, PasskeyAnswer, PasskeyOptions, Result } from "../../client/api.ts";
import { creationOptions, credentialJson, type RawCredential, requestOptions } from "./json.ts";

export function supportsPasskeys(): boolean {
  return typeof globalThis.PublicKeyCredential === "function";
}

/** Whether the browser offers passkeys among what it fills in, without a dialog. */
export async function supportsAutofill(): Promise<boolean> {
  if (!supportsPasskeys()) return false;
  return (await PublicKeyCredential.isConditionalMediationAvailable?.()) ?? false;
}

export function makePasskey(options: PasskeyOptions): Promise<Result<PasskeyAnswer>> {
  return answered(() => navigator.credentials.create({ publicKey: toCreation(options) }));
}

/** `autofill`: offered in a field's suggestions until chosen there or called off, instead of in a dialog. */
export function askForPasskey(
  options: PasskeyOptions,
  autofill?: { readonly signal: AbortSignal },
): Promise<Result<PasskeyAnswer>> {
  return answered(() =>
    navigator.credentials.get({
      publicKey: toRequest(options),
      ...(autofill && { mediation: "conditional", signal: autofill.signal }),
    }),
  );
}

async function answered(ask: () => Promise<Credential | null>): Promise<Result<PasskeyAnswer>> {
  try {
    const credential = await ask();
    if (credential === null) return { ok: false, code: "passkey-cancelled" };
    return { ok: true, value: jsonOf(credential as PublicKeyCredential) };
  } catch (error) {
    return { ok: false, code: failureOf(error) };
  }
}

/** The names are those of WebAuthn Level 3, sections 5.1.3 and 5.1.4. A person who declines is not told from one who is too slow. */
function failureOf(error: unknown): FailureCode {
  switch (error instanceof Error ? error.name : "") {
    case "NotAllowedError":
    case "AbortError":
      return "passkey-cancelled";
    case "InvalidStateError":
      return "passkey-exists";
    default:
      return "passkey-failed";
  }
}

/** The browser's own conversion where it has one. */
function toCreation(options: PasskeyOptions): PublicKeyCredentialCreationOptions {
  if (typeof PublicKeyCredential.parseCreationOptionsFromJSON !== "function")
    return creationOptions(options) as unknown as PublicKeyCredentialCreationOptions;
  const json = options as unknown as PublicKeyCredentialCreationOptionsJSON;
  return PublicKeyCredential.parseCreationOptionsFromJSON(json);
}

function toRequest(options: PasskeyOptions): PublicKeyCredentialRequestOptions {
  if (typeof PublicKeyCredential.parseRequestOptionsFromJSON !== "function")
    return requestOptions(options) as unknown as PublicKeyCredentialRequestOptions;
  const json = options as unknown as PublicKeyCredentialRequestOptionsJSON;
  return PublicKeyCredential.parseRequestOptionsFromJSON(json);
}

function jsonOf(credential: PublicKeyCredential): PasskeyAnswer {
  if (typeof credential.toJSON !== "function") return credentialJson(credential as unknown as RawCredential);
  return { ...credential.toJSON() };
}
