import type { RateLimitDecision, RateLimitPolicy } from "../ports.ts";
import type { Meter, MeterKind } from "./meter.ts";

/**
 * The generic cell rate algorithm in its form of a leaky bucket (ITU-T I.371, annex A): calls flow at an even pace, and a
 * burst of up to `burst` goes through after a rest. So a window may hold up to `limit + burst` calls.
 *
 * The bucket holds a debt, counted in whole numbers so that every store reckons alike: a call adds as many units as the
 * window has milliseconds, and each millisecond drains `limit` units.
 */
class TokenBucket implements Meter {
  readonly #policy: RateLimitPolicy;
  readonly #callUnits: number;
  readonly #burst: number;
  #debt = 0;
  #at = 0;

  constructor(policy: RateLimitPolicy) {
    this.#policy = policy;
    this.#callUnits = policy.windowSeconds * 1000;
    this.#burst = burstOf(policy);
  }

  take(instant: number, cost: number): RateLimitDecision {
    const policy = this.#policy;
    const units = this.#callUnits;
    const now = Math.floor(instant);
    if (now > this.#at) {
      this.#debt = Math.max(0, this.#debt - (now - this.#at) * policy.limit);
      this.#at = now;
    }
    const capacity = this.#burst * units;
    const allowed = this.#debt + cost * units <= capacity;
    if (allowed) this.#debt += cost * units;
    const remaining = Math.floor((capacity - this.#debt) / units);
    const wanted = allowed ? Math.min(remaining + 1, this.#burst) : Math.min(cost, this.#burst);
    const waitMs = (this.#debt - (this.#burst - wanted) * units) / policy.limit;
    return { policy, allowed, remaining, resetSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
  }
}

export function burstOf(policy: RateLimitPolicy): number {
  return policy.burst ?? policy.limit;
}

export function bucketMeter(policy: RateLimitPolicy): MeterKind {
  return { lifetimeMs: policy.windowSeconds * 1000, create: () => new TokenBucket(policy) };
}
