import type { RateLimitDecision, RateLimitPolicy } from "../ports.ts";
import type { Meter, MeterKind } from "./meter.ts";

/**
 * A window of W seconds, cut into 15 slots; the slot of now and the 15 before it are summed, which always covers the last
 * W seconds entirely. So **no window of W seconds, wherever it starts, holds more than the limit**: neither a fixed window
 * nor a weighted pair of windows nor a token bucket can promise that (each lets through up to twice the limit around a
 * boundary or after a rest). The price is that quota comes back up to W/15 late. One check is a constant number of steps,
 * and a key costs a few hundred bytes whatever its limit. A fixed window is the same with a single slot as long as itself.
 */
export const SLIDING_SLOTS = 16;

export interface Slots {
  readonly count: number;
  readonly milliseconds: number;
}

/** How a policy's window is cut. Every store cuts alike, so that they agree. */
export function slotsOf(policy: RateLimitPolicy): Slots {
  const windowMs = policy.windowSeconds * 1000;
  if (policy.algorithm === "fixed-window") return { count: 1, milliseconds: windowMs };
  return { count: SLIDING_SLOTS, milliseconds: windowMs / (SLIDING_SLOTS - 1) };
}

/** Counts per slot, of the slot of now and those before it that still matter. */
export class SlotCounts {
  slot = 0;
  total = 0;
  readonly counts: number[];

  constructor(slots: number) {
    this.counts = new Array<number>(slots).fill(0);
  }

  advanceTo(slot: number): void {
    const { counts } = this;
    const slots = counts.length;
    const passed = Math.min(slot - this.slot, slots);
    for (let i = 1; i <= passed; i += 1) {
      const at = (this.slot + i) % slots;
      this.total -= counts[at] as number;
      counts[at] = 0;
    }
    if (slot > this.slot) this.slot = slot;
  }

  add(cost: number): void {
    const at = this.slot % this.counts.length;
    this.counts[at] = (this.counts[at] as number) + cost;
    this.total += cost;
  }

  /** Slots to wait until at least `needed` counts have left; all of them when that is not enough. */
  slotsUntilFreed(needed: number): number {
    const slots = this.counts.length;
    let freed = 0;
    for (let age = slots - 1; age >= 0; age -= 1) {
      freed += this.counts[(this.slot + slots - age) % slots] as number;
      if (freed >= needed && freed > 0) return slots - age;
    }
    return slots;
  }
}

class SlidingWindow extends SlotCounts implements Meter {
  readonly #policy: RateLimitPolicy;
  readonly #slotMs: number;

  constructor(policy: RateLimitPolicy, slots: Slots) {
    super(slots.count);
    this.#policy = policy;
    this.#slotMs = slots.milliseconds;
  }

  take(now: number, cost: number): RateLimitDecision {
    const policy = this.#policy;
    const slotMs = this.#slotMs;
    this.advanceTo(Math.floor(now / slotMs));
    const allowed = this.total + cost <= policy.limit;
    if (allowed) this.add(cost);
    const slots = this.slotsUntilFreed(allowed ? 1 : this.total + cost - policy.limit);
    return {
      policy,
      allowed,
      remaining: policy.limit - this.total,
      resetSeconds: Math.max(1, Math.ceil(((this.slot + slots) * slotMs - now) / 1000)),
    };
  }
}

export function windowMeter(policy: RateLimitPolicy): MeterKind {
  const slots = slotsOf(policy);
  return {
    lifetimeMs: slots.count * slots.milliseconds,
    create: () => new SlidingWindow(policy, slots),
  };
}
