import { createPublicKey, hash, type KeyObject, verify } from "node:crypto";
import type { Primitives } from "./proof/verify.ts";

/** What precedes a raw Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export const nodePrimitives: Primitives = {
  // As text and back: the engine hands out a short text sooner than a buffer of its own.
  sha256: (bytes) => Buffer.from(hash("sha256", bytes, "latin1"), "latin1"),
  verifyEd25519(publicKey, message, signature) {
    const key = publicKeyOf(publicKey);
    return key !== null && verify(null, message, key, signature);
  },
};

function publicKeyOf(raw: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: "der", type: "spki" });
  } catch {
    return null;
  }
}
