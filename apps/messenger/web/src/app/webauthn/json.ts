/**
 * Credentials and options in their JSON form (WebAuthn Level 3, section 5.1) for browsers whose `PublicKeyCredential` does
 * not convert by itself: Chrome before 129, Safari before 18.4. Pure.
 */
import { type Bytes, fromBase64Url, toBase64Url } from "@rempart/kernel";
import type { PasskeyAnswer, PasskeyOptions } from "../../client/api.ts";

/** The JSON form of one credential to use or to leave out. */
interface Descriptor {
  readonly id: string;
}

/** What `navigator.credentials.create()` takes, out of its JSON form. Throws `TypeError` for what is not base64url. */
export function creationOptions(json: PasskeyOptions): Record<string, unknown> {
  const { challenge, user, excludeCredentials } = json;
  const { id, ...shown } = user as Descriptor;
  return {
    ...json,
    challenge: bytesOf(challenge),
    user: { ...shown, id: bytesOf(id) },
    excludeCredentials: descriptors(excludeCredentials),
  };
}

/** What `navigator.credentials.get()` takes, out of its JSON form. Throws `TypeError` for what is not base64url. */
export function requestOptions(json: PasskeyOptions): Record<string, unknown> {
  const { challenge, allowCredentials } = json;
  return { ...json, challenge: bytesOf(challenge), allowCredentials: descriptors(allowCredentials) };
}

/** What `PublicKeyCredential` gives, as far as it is told to the server. */
export interface RawCredential {
  readonly id: string;
  readonly rawId: ArrayBuffer;
  readonly type: string;
  readonly authenticatorAttachment?: string | null;
  readonly response: {
    readonly clientDataJSON: ArrayBuffer;
    readonly attestationObject?: ArrayBuffer;
    readonly authenticatorData?: ArrayBuffer;
    readonly signature?: ArrayBuffer;
    readonly userHandle?: ArrayBuffer | null;
    getTransports?(): string[];
  };
}

const FIELDS = [
  "clientDataJSON",
  "attestationObject",
  "authenticatorData",
  "signature",
  "userHandle",
] as const;

export function credentialJson({ id, rawId, type, response }: RawCredential): PasskeyAnswer {
  const fields: Record<string, unknown> = {};
  for (const name of FIELDS) {
    const value = response[name];
    if (value) fields[name] = toBase64Url(new Uint8Array(value));
  }
  const transports = response.getTransports?.();
  if (transports !== undefined) fields.transports = transports;
  return {
    id,
    rawId: toBase64Url(new Uint8Array(rawId)),
    type,
    clientExtensionResults: {},
    response: fields,
  };
}

function descriptors(list: unknown): unknown[] {
  const given = (list ?? []) as readonly Descriptor[];
  return given.map((each) => ({ ...each, id: bytesOf(each.id) }));
}

function bytesOf(text: unknown): Bytes {
  const bytes = typeof text === "string" ? fromBase64Url(text) : null;
  if (bytes === null) throw new TypeError("not base64url");
  return bytes;
}
