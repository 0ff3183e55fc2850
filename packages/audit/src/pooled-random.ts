import type { Random } from "@rempart/kernel";

const POOL_BYTES = 4_096;

/**
 * The same bytes, drawn many at a time: a call of the system costs more than what it is for here. For ids, salts and nonces;
 * a key must not lie about in a pool.
 */
export function pooledRandom(random: Random): Random {
  let pool = new Uint8Array(0);
  return {
    bytes(length) {
      if (length > POOL_BYTES) return random.bytes(length);
      if (pool.length < length) pool = random.bytes(POOL_BYTES);
      const drawn = pool.subarray(0, length);
      pool = pool.subarray(length);
      return drawn;
    },
  };
}
