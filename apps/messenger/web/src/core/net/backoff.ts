import type { Random } from "@rempart/kernel";

const BASE_MS = 500;
const CEILING_MS = 30_000;

/**
 * Milliseconds before attempt `attempt` (from 0): exponential with full jitter, so that the clients of a restarted
 * server do not come back together. Never under a tenth of the ceiling of that attempt.
 */
export function backoff(attempt: number, random: Random): number {
  const ceiling = Math.min(CEILING_MS, BASE_MS * 2 ** Math.min(attempt, 16));
  const [high = 0, low = 0] = random.bytes(2);
  const fraction = (high * 256 + low) / 65_536;
  return Math.round(ceiling * (0.1 + 0.9 * fraction));
}
