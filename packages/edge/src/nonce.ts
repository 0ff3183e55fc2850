import type { Random } from "@rempart/kernel";

/** 128 bits, what CSP Level 3 (section 7.1) asks for at least, take 24 characters of base64 with their padding. */
const NONCE_BYTES = 16;
const NONCE_CHARACTERS = 24;
/** Small, because a nonce that is kept keeps the text it was cut from alive. */
const NONCES_PER_POOL = 32;

/** Fresh nonces, drawn from the random source by the batch: a call to it costs more than the bytes. */
export function noncePool(random: Random): () => string {
  let pool = "";
  let at = 0;
  return () => {
    if (at === pool.length) {
      pool = refill(random);
      at = 0;
    }
    at += NONCE_CHARACTERS;
    return pool.slice(at - NONCE_CHARACTERS, at);
  };
}

function refill(random: Random): string {
  const bytes = random.bytes(NONCE_BYTES * NONCES_PER_POOL);
  let pool = "";
  for (let i = 0; i < bytes.length; i += NONCE_BYTES) {
    pool += btoa(String.fromCharCode(...bytes.subarray(i, i + NONCE_BYTES)));
  }
  return pool;
}
