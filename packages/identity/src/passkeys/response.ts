import { type Bytes, fromBase64Url, fromUtf8 } from "@rempart/kernel";

/** WebAuthn Level 3, section 4: a credential id has at most 1023 bytes. */
const MAX_CREDENTIAL_ID = 1023;
/** Base64url characters. The largest honest field is an attestation object around a post-quantum key: some 5,000. */
const MAX_FIELD = 16_384;
const MAX_TRANSPORTS = 8;

/** What `navigator.credentials.create()` or `get()` gave, as far as we look at it. Everything in it is attacker-controlled. */
export interface PasskeyResponse {
  readonly id: string;
  readonly credentialId: Bytes;
  readonly challenge: string;
  readonly clientDataJSON: string;
  /** `response` without what nobody reads. */
  readonly fields: Readonly<Record<string, string>>;
  readonly transports: readonly string[];
}

/** The JSON form of a credential (WebAuthn Level 3, section 5.1), or null when it is none that could be ours. */
export function parseResponse(input: unknown): PasskeyResponse | null {
  if (!isRecord(input) || !isRecord(input.response)) return null;
  const { id, rawId, type, response } = input;
  if (typeof id !== "string" || id !== rawId || type !== "public-key") return null;
  if (id.length > 2 * MAX_CREDENTIAL_ID) return null;
  const credentialId = fromBase64Url(id);
  if (credentialId === null || credentialId.length === 0 || credentialId.length > MAX_CREDENTIAL_ID)
    return null;
  const fields = stringsOf(response);
  const clientDataJSON = fields?.clientDataJSON;
  const challenge = clientDataJSON === undefined ? null : challengeIn(clientDataJSON);
  if (fields === null || clientDataJSON === undefined || challenge === null) return null;
  return { id, credentialId, challenge, clientDataJSON, fields, transports: transportsOf(response) };
}

const FIELDS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

function stringsOf(response: Record<string, unknown>): Record<string, string> | null {
  const fields: Record<string, string> = {};
  for (const name of FIELDS) {
    const value = response[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== "string" || value.length > MAX_FIELD || fromBase64Url(value) === null) return null;
    fields[name] = value;
  }
  return fields;
}

/** Null also for a page in a frame of another origin: it could lure the person into a ceremony they do not see whole. */
function challengeIn(clientDataJSON: string): string | null {
  const bytes = fromBase64Url(clientDataJSON);
  const text = bytes === null ? null : fromUtf8(bytes);
  if (text === null) return null;
  try {
    const data: unknown = JSON.parse(text);
    if (!isRecord(data) || data.crossOrigin === true || typeof data.challenge !== "string") return null;
    return data.challenge;
  } catch {
    return null;
  }
}

const TRANSPORTS: ReadonlySet<unknown> = new Set([
  "ble",
  "cable",
  "hybrid",
  "internal",
  "nfc",
  "smart-card",
  "usb",
]);

function transportsOf({ transports }: Record<string, unknown>): string[] {
  if (!Array.isArray(transports)) return [];
  return transports.slice(0, MAX_TRANSPORTS).filter((name): name is string => TRANSPORTS.has(name));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
