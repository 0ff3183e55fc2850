/** Randomness as an argument. Every implementation but the seeded one is cryptographically secure. */
export interface Random {
  /** `length` fresh bytes; the caller owns the array. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** `crypto.getRandomValues` gives at most this many bytes a call (W3C Web Cryptography, 10.1.1). */
const MAX_BYTES_PER_CALL = 65_536;

export const systemRandom: Random = {
  bytes(length) {
    const out = new Uint8Array(length);
    for (let offset = 0; offset < length; offset += MAX_BYTES_PER_CALL) {
      crypto.getRandomValues(out.subarray(offset, offset + MAX_BYTES_PER_CALL));
    }
    return out;
  },
};

/**
 * A repeatable source for tests and simulations (mulberry32). Never for keys, nonces, ids or tokens.
 */
export function unsafeSeededRandom(seed: number): Random {
  let state = seed >>> 0;
  const nextByte = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 24) & 0xff;
  };
  return {
    bytes(length) {
      const out = new Uint8Array(length);
      for (let i = 0; i < length; i += 1) out[i] = nextByte();
      return out;
    },
  };
}
