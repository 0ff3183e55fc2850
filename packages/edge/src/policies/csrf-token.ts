import { type Clock, fromBase64Url, type Random, toBase64Url, utf8 } from "@rempart/kernel";

export interface CsrfTokens {
  issue(binding: string): Promise<string>;
  verify(token: string, binding: string): Promise<boolean>;
}

export interface CsrfTokenOptions {
  readonly secret: Uint8Array;
  readonly lifetimeSeconds: number;
  readonly clock: Clock;
  readonly random: Random;
}

const NONCE_BYTES = 16;
const MAC_BYTES = 32;
const MAX_TOKEN = 120;

/** `expiry.nonce.mac`: seconds in base 36, then base64url; the MAC is HMAC-SHA256 over the first two and the binding. */
export function createCsrfTokens({ secret, lifetimeSeconds, clock, random }: CsrfTokenOptions): CsrfTokens {
  const key = crypto.subtle.importKey(
    "raw",
    new Uint8Array(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign", "verify"],
  );
  return {
    async issue(binding) {
      const expiry = Math.floor(clock.now() / 1000) + lifetimeSeconds;
      const head = `${expiry.toString(36)}.${toBase64Url(random.bytes(NONCE_BYTES))}`;
      const mac = await crypto.subtle.sign("HMAC", await key, utf8(`${head}.${binding}`));
      return `${head}.${toBase64Url(new Uint8Array(mac))}`;
    },
    async verify(token, binding) {
      const parsed = parseToken(token);
      if (parsed === null || parsed.expiry * 1000 <= clock.now()) return false;
      return crypto.subtle.verify("HMAC", await key, parsed.mac, utf8(`${parsed.head}.${binding}`));
    },
  };
}

function parseToken(token: string): { expiry: number; head: string; mac: Uint8Array<ArrayBuffer> } | null {
  if (token.length > MAX_TOKEN) return null;
  const parts = token.split(".");
  if (parts.length !== 3) return null;
  const [stamp, nonce, macText] = parts as [string, string, string];
  const expiry = Number.parseInt(stamp, 36);
  const mac = fromBase64Url(macText);
  const isCanonical = Number.isSafeInteger(expiry) && expiry >= 0 && expiry.toString(36) === stamp;
  if (!isCanonical || mac?.length !== MAC_BYTES || fromBase64Url(nonce)?.length !== NONCE_BYTES) return null;
  return { expiry, head: `${stamp}.${nonce}`, mac };
}
