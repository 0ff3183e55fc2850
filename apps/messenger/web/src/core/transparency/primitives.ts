import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Primitives } from "@rempart/audit/verify";

/** The same in every browser: not all have Ed25519 of their own, and none hashes synchronously. */
export const primitives: Primitives = {
  sha256,
  verifyEd25519(publicKey, message, signature) {
    try {
      return ed25519.verify(signature, message, publicKey);
    } catch {
      return false;
    }
  },
};
