import type { RateLimitDecision, RateLimitPolicy } from "../ports.ts";
import { windowMeter } from "./sliding-window.ts";
import { bucketMeter } from "./token-bucket.ts";

/** What is kept of one key. */
export interface Meter {
  /** `now` in milliseconds; earlier than the last time counts as the last time. A refused call is not counted. */
  take(now: number, cost: number): RateLimitDecision;
}

export interface MeterKind {
  /** A meter not asked for this long is as good as a new one. */
  readonly lifetimeMs: number;
  create(): Meter;
}

export function meterKind(policy: RateLimitPolicy): MeterKind {
  return policy.algorithm === "token-bucket" ? bucketMeter(policy) : windowMeter(policy);
}

/** Throws `TypeError`: a fraction or a negative cost would give quota back, or spoil a count for good. */
export function checkCost(cost: number): void {
  if (!Number.isSafeInteger(cost) || cost < 0) throw new TypeError(`a cost is a whole number, not ${cost}`);
}

export function unknownPolicy(name: string): TypeError {
  return new TypeError(`no rate limit policy is named "${name}"`);
}
