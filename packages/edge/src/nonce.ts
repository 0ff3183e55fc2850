import type { Random } from "@rempart/kernel";

/** 144 bits, above the 128 that CSP Level 3 (section 7.1) asks for, and a length that base64 does not pad. */
const NONCE_BYTES = 18;
const NONCE_CHARACTERS = 24;
/** Small, because a nonce that is kept keeps the text it was cut from alive. */
const NONCES_PER_POOL = 32;

/** Fresh nonces, drawn and encoded by the batch: a call to either costs more than the bytes. */
export function noncePool(random: Random): () => string {
  let pool = "";
  let at = 0;
  return () => {
    if (at === pool.length) {
      pool = btoa(String.fromCharCode(...random.bytes(NONCE_BYTES * NONCES_PER_POOL)));
      at = 0;
    }
    at += NONCE_CHARACTERS;
    return pool.slice(at - NONCE_CHARACTERS, at);
  };
}
