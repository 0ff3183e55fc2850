import { type KeyObject, sign, verify } from "node:crypto";
import { fromBase64Url, toBase64Url } from "@rempart/kernel";

/** Ed25519 signatures are 64 bytes: 86 characters of base64url. */
const SIGNATURE_LENGTH = 86;

/**
 * The one header a key of ours puts on its tokens (RFC 8725, section 3.11 for `typ`). A token is checked by comparing its
 * header's text with these: there is no algorithm to be talked into, and no member to be ignored.
 */
export function headerOf(kid: string): string {
  return encode({ alg: "EdDSA", kid, typ: "at+jwt" });
}

/** A JWS in compact serialisation (RFC 7515, section 7.1; EdDSA: RFC 8037, section 3.1). */
export function signJwt(header: string, claims: object, key: KeyObject): string {
  const signed = `${header}.${encode(claims)}`;
  return `${signed}.${toBase64Url(sign(null, Buffer.from(signed), key))}`;
}

/** The parts of a token, attacker-controlled all of them. */
export interface UntrustedJwt {
  readonly header: string;
  readonly payload: string;
  readonly signature: Uint8Array;
  /** What the signature is about. */
  readonly signed: string;
}

/** Null for anything but three parts with a well-formed Ed25519 signature. Linear in `token`, which the caller bounds. */
export function splitJwt(token: string): UntrustedJwt | null {
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  if (first < 1 || second < 0 || token.length - second - 1 !== SIGNATURE_LENGTH) return null;
  const signature = fromBase64Url(token.slice(second + 1));
  if (signature === null) return null;
  return {
    header: token.slice(0, first),
    payload: token.slice(first + 1, second),
    signature,
    signed: token.slice(0, second),
  };
}

export function isSignedBy(jwt: UntrustedJwt, key: KeyObject): boolean {
  return verify(null, Buffer.from(jwt.signed), key, jwt.signature);
}

/**
 * The JSON value of a payload whose signature was checked; null when it is none, or written in another way than we write it:
 * with a member twice, spaces, other base64.
 */
export function decodePayload(payload: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    return encode(value) === payload ? value : null;
  } catch {
    return null;
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
