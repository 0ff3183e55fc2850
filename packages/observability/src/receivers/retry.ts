import type { Random } from "@rempart/kernel";
import type { Delivery } from "./receiver.ts";

export interface RetryPolicy {
  /** The first pause is shorter than this, the next than twice this, and so on, in milliseconds. */
  readonly baseMs: number;
  /** No pause of ours is longer, in milliseconds. */
  readonly longestMs: number;
  /** No receiver is obeyed that asks for a longer one, in milliseconds. */
  readonly longestAskedMs: number;
  readonly attempts: number;
  /** From the first attempt on, in milliseconds: who is told after a day learns nothing. */
  readonly ageMs: number;
}

const RETRY: RetryPolicy = {
  baseMs: 2_000,
  longestMs: 600_000,
  longestAskedMs: 3_600_000,
  attempts: 100,
  ageMs: 86_400_000,
};

export interface Attempts {
  /** How many were made: 1 after the first. */
  readonly made: number;
  /** Since the first one, in milliseconds. */
  readonly ageMs: number;
}

/**
 * Milliseconds until the next attempt, or null: it is a dead letter. The pause is anywhere below a bound that doubles ("full
 * jitter": replicas and receivers do not come back in step), after the time that the receiver asked for.
 */
export function retryAfter(
  { made, ageMs }: Attempts,
  delivery: Exclude<Delivery, { kind: "accepted" }>,
  random: Random,
  policy: RetryPolicy = RETRY,
): number | null {
  if (delivery.kind === "refused" || made >= policy.attempts) return null;
  const below = Math.min(policy.baseMs * 2 ** (made - 1), policy.longestMs);
  const asked = Math.min(delivery.afterMs ?? 0, policy.longestAskedMs);
  const pause = asked + Math.ceil(below * share(random));
  return ageMs + pause > policy.ageMs ? null : pause;
}

/** Evenly from 0 to 1. */
function share(random: Random): number {
  const bytes = random.bytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 0xffff_ffff;
}
