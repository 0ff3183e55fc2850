import type { RateLimitPolicy } from "../../src/ports.ts";

/** One policy of each algorithm, with windows whose slots are whole milliseconds and windows whose slots are not. */
export const POLICIES: readonly RateLimitPolicy[] = [
  { name: "sliding", limit: 7, windowSeconds: 60 },
  { name: "sliding-short", limit: 3, windowSeconds: 1 },
  { name: "bucket", limit: 6, windowSeconds: 60, algorithm: "token-bucket" },
  { name: "bucket-burst", limit: 7, windowSeconds: 3, algorithm: "token-bucket", burst: 2 },
  { name: "fixed", limit: 5, windowSeconds: 10, algorithm: "fixed-window" },
];

/** The same with windows that a busy machine does not outlast: Redis forgets by its own clock, whatever time it is in a test. */
export const LASTING_POLICIES = POLICIES.map((policy) => ({
  ...policy,
  windowSeconds: 61 * policy.windowSeconds,
}));

/** Those that can be counted in parts and added up. */
export const WINDOW_POLICIES = POLICIES.filter(({ algorithm }) => algorithm !== "token-bucket");
