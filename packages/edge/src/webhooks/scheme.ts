import { type Bytes, concat, fromHex, fromUtf8, utf8 } from "@rempart/kernel";

/** The value of a request header by its lower-case name. */
export type ReadHeader = (name: string) => string | undefined;

/** What a sender claims, read from the headers alone and not believed yet. */
export interface Claim {
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
  /** Any one of them may be right: a sender signs with several secrets while it changes them. */
  readonly signatures: readonly Bytes[];
  /** The bytes that were signed. */
  readonly signed: Bytes;
  /** Null when the event names itself only inside the body. */
  readonly id: string | null;
}

export interface WebhookScheme {
  /** Null for headers that are missing or malformed. */
  read(header: ReadHeader, body: Uint8Array): Claim | null;
  /** The event's id, from a body whose signature was right; null when it has none. */
  readId(body: Uint8Array): string | null;
}

const MAX_HEADER = 1024;
const MAX_SIGNATURES = 8;
const MAC_BYTES = 32;
const TIMESTAMP = /^[1-9]\d{0,11}$/;
const ID = /^[\x21-\x7e]{1,200}$/;

/** `Stripe-Signature: t=…,v1=…`: HMAC-SHA256 over `t.body`, hexadecimal (docs.stripe.com/webhooks, "Verify manually"). */
export const stripeScheme: WebhookScheme = {
  read(header, body) {
    const text = header("stripe-signature");
    if (text === undefined || text.length > MAX_HEADER) return null;
    const pairs = text.split(",").map(readPair);
    const stamps = pairs.filter(([name]) => name === "t");
    const timestamp = stamps.length === 1 ? (stamps[0]?.[1] ?? "") : "";
    const signatures = pairs.filter(([name]) => name === "v1").map(([, value]) => fromHex(value));
    return claim(timestamp, signatures, concat(utf8(`${timestamp}.`), body), null);
  },
  readId: readJsonId,
};

function readPair(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf("=");
  return [text.slice(0, Math.max(equals, 0)).trim(), text.slice(equals + 1).trim()];
}

export interface HmacSchemeOptions {
  readonly signatureHeader: string;
  readonly timestampHeader: string;
  readonly idHeader: string;
  readonly encoding: "hex" | "base64";
  /** What stands before each signature: `v1,` or `sha256=`. */
  readonly prefix?: string;
}

/**
 * HMAC-SHA256 over `id.timestamp.body`, signatures apart by spaces. With the defaults, what standardwebhooks.com specifies:
 * its secrets are the bytes behind `whsec_`, decoded from base64.
 */
export function hmacScheme(options: HmacSchemeOptions = STANDARD_WEBHOOKS): WebhookScheme {
  const { encoding, prefix = "" } = options;
  const decode = encoding === "hex" ? fromHex : fromBase64;
  const [signatureName, timestampName, idName] = [
    options.signatureHeader.toLowerCase(),
    options.timestampHeader.toLowerCase(),
    options.idHeader.toLowerCase(),
  ];
  return {
    read(header, body) {
      const [text, timestamp, id] = [header(signatureName), header(timestampName), header(idName)];
      if (text === undefined || timestamp === undefined || id === undefined || !ID.test(id)) return null;
      if (text.length > MAX_HEADER) return null;
      const ours = text.split(" ").filter((part) => part.startsWith(prefix));
      const signatures = ours.map((part) => decode(part.slice(prefix.length)));
      return claim(timestamp, signatures, concat(utf8(`${id}.${timestamp}.`), body), id);
    },
    readId: () => null,
  };
}

const STANDARD_WEBHOOKS: HmacSchemeOptions = {
  signatureHeader: "webhook-signature",
  timestampHeader: "webhook-timestamp",
  idHeader: "webhook-id",
  encoding: "base64",
  prefix: "v1,",
};

function claim(
  timestamp: string,
  decoded: readonly (Bytes | null)[],
  signed: Bytes,
  id: string | null,
): Claim | null {
  const signatures = decoded.filter((mac): mac is Bytes => mac?.length === MAC_BYTES);
  if (!TIMESTAMP.test(timestamp) || signatures.length === 0 || signatures.length > MAX_SIGNATURES)
    return null;
  return { timestamp: Number(timestamp), signatures, signed, id };
}

/** 32 bytes in base64, padded or not; null for anything else. */
function fromBase64(text: string): Bytes | null {
  if (!/^[A-Za-z0-9+/]{43}=?$/.test(text)) return null;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function readJsonId(body: Uint8Array): string | null {
  try {
    const event: unknown = JSON.parse(fromUtf8(body) ?? "");
    const id = event !== null && typeof event === "object" && "id" in event ? event.id : null;
    return typeof id === "string" && ID.test(id) ? id : null;
  } catch {
    return null;
  }
}
