import type { Suite } from "../contract/index.ts";

/**
 * The cipher suites in use, by number. 1 stands in the MLS registry (RFC 9420, section 17.1). X-Wing has no registered
 * number yet: 83 is the one ts-mls 1.6 gives MLS_256_XWING_AES256GCM_SHA512_Ed25519.
 */
export const SUITE_NUMBERS = { x25519: 1, "x-wing": 83 } as const satisfies Record<Suite, number>;

export function suiteOfNumber(number: number): Suite | null {
  if (number === SUITE_NUMBERS["x-wing"]) return "x-wing";
  return number === SUITE_NUMBERS.x25519 ? "x25519" : null;
}
