import type { Random } from "@rempart/kernel";
import { SALT_BYTES } from "./data-key.ts";

const SALTS_PER_DRAW = 256;

/** Fresh salts. Drawn together, since asking the system for each costs half as much as encrypting. */
export function saltSource(random: Random): () => Uint8Array {
  let drawn = new Uint8Array(0);
  let at = 0;
  return () => {
    if (at === drawn.length) {
      drawn = random.bytes(SALTS_PER_DRAW * SALT_BYTES);
      at = 0;
    }
    at += SALT_BYTES;
    return drawn.subarray(at - SALT_BYTES, at);
  };
}
