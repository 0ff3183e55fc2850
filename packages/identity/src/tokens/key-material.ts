import { createPrivateKey, createPublicKey, hash, type KeyObject } from "node:crypto";
import { toBase64Url } from "@rempart/kernel";

/** A public key as a JWK (RFC 8037, section 2) with the members a verifier selects by. */
export interface SigningJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly alg: "EdDSA";
  readonly use: "sig";
}

export const SEED_BYTES = 32;

/** DER around an Ed25519 seed: OneAsymmetricKey, version 0, id-Ed25519 (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

export function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

/** The 32 bytes of RFC 8032. */
export function publicBytesOf(privateKey: KeyObject): Buffer {
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  return Buffer.from(x as string, "base64url");
}

export function publicKeyOf(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: toBase64Url(bytes) }, format: "jwk" });
}

/** The JWK thumbprint (RFC 7638; RFC 8037, appendix A.3): a name that nobody can give to another key. */
export function thumbprint(publicBytes: Uint8Array): string {
  return hash("sha256", `{"crv":"Ed25519","kty":"OKP","x":"${toBase64Url(publicBytes)}"}`, "base64url");
}

export function toJwk(kid: string, publicBytes: Uint8Array): SigningJwk {
  return { kty: "OKP", crv: "Ed25519", x: toBase64Url(publicBytes), kid, alg: "EdDSA", use: "sig" };
}
