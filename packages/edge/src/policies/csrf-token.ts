import { type Clock, fromBase64Url, type Random, toBase64Url, utf8 } from "@rempart/kernel";

export interface CsrfTokens {
  issue(binding: string): Promise<string>;
  verify(token: string, binding: string): Promise<boolean>;
}

/** Makes and checks the last part of a token. One with several keys lets them rotate while tokens are out. */
export interface CsrfMac {
  /** Up to 64 characters that a cookie may hold. */
  tag(data: Uint8Array): Promise<string>;
  /** False for whatever is no tag of this data, or of a key that is not good any more. Called with text from the network. */
  verify(data: Uint8Array, tag: string): Promise<boolean>;
}

export interface CsrfTokenOptions {
  readonly mac: CsrfMac;
  readonly lifetimeSeconds: number;
  readonly clock: Clock;
  readonly random: Random;
}

const NONCE_BYTES = 16;
const MAC_BYTES = 32;
const MAX_TOKEN = 120;

/** `expiry.nonce.tag`: seconds in base 36, then base64url; the tag is over the first two and the binding. */
export function createCsrfTokens({ mac, lifetimeSeconds, clock, random }: CsrfTokenOptions): CsrfTokens {
  return {
    async issue(binding) {
      const expiry = Math.floor(clock.now() / 1000) + lifetimeSeconds;
      const head = `${expiry.toString(36)}.${toBase64Url(random.bytes(NONCE_BYTES))}`;
      return `${head}.${await mac.tag(utf8(`${head}.${binding}`))}`;
    },
    async verify(token, binding) {
      const parsed = parseToken(token);
      if (parsed === null || parsed.expiry * 1000 <= clock.now()) return false;
      return mac.verify(utf8(`${parsed.head}.${binding}`), parsed.tag);
    },
  };
}

/** HMAC-SHA256 under one key. */
export function hmacOf(secret: Uint8Array): CsrfMac {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = crypto.subtle.importKey("raw", new Uint8Array(secret), algorithm, false, ["sign", "verify"]);
  return {
    async tag(data) {
      const mac = await crypto.subtle.sign("HMAC", await key, new Uint8Array(data));
      return toBase64Url(new Uint8Array(mac));
    },
    async verify(data, tag) {
      const mac = fromBase64Url(tag);
      if (mac?.length !== MAC_BYTES) return false;
      return crypto.subtle.verify("HMAC", await key, mac, new Uint8Array(data));
    },
  };
}

function parseToken(token: string): { expiry: number; head: string; tag: string } | null {
  if (token.length > MAX_TOKEN) return null;
  const [stamp = "", nonce = "", ...rest] = token.split(".");
  const expiry = Number.parseInt(stamp, 36);
  const isCanonical = Number.isSafeInteger(expiry) && expiry >= 0 && expiry.toString(36) === stamp;
  if (!isCanonical || fromBase64Url(nonce)?.length !== NONCE_BYTES || rest.length === 0) return null;
  return { expiry, head: `${stamp}.${nonce}`, tag: rest.join(".") };
}
