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

/** Whole numbers only: an instant on the edge of a slot is in the same slot in every store. */
export interface Slots {
  /** How many matter at once. */
  readonly count: number;
  /** How many a window is cut into. */
  readonly parts: number;
  readonly windowMs: number;
}

export function slotsOf({ algorithm, windowSeconds }: RateLimitPolicy): Slots {
  const windowMs = windowSeconds * 1000;
  return algorithm === "fixed-window"
    ? { count: 1, parts: 1, windowMs }
    : { count: SLIDING_SLOTS, parts: SLIDING_SLOTS - 1, windowMs };
}

export function slotAt({ parts, windowMs }: Slots, now: number): number {
  return Math.floor((now * parts) / windowMs);
}

/** Whole seconds until a slot begins, at least one. */
export function secondsUntilSlot({ parts, windowMs }: Slots, slot: number, now: number): number {
  return Math.max(1, Math.ceil((slot * windowMs - now * parts) / (parts * 1000)));
}

/** After so long no count of a key matters any more. */
export function lifetimeOf({ count, parts, windowMs }: Slots): number {
  return Math.ceil((count * windowMs) / parts);
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
    this.addAt(this.slot, cost);
  }

  /** `slot` must be one of those that matter now. */
  addAt(slot: number, cost: number): void {
    const at = slot % this.counts.length;
    this.counts[at] = (this.counts[at] as number) + cost;
    this.total += cost;
  }

  /** Slots to wait until `needed` counts have left, or all there are. */
  slotsUntilFreed(needed: number): number {
    const slots = this.counts.length;
    const wanted = Math.min(needed, this.total);
    if (wanted === 0) return 0;
    let freed = 0;
    for (let age = slots - 1; age >= 0; age -= 1) {
      freed += this.counts[(this.slot + slots - age) % slots] as number;
      if (freed >= wanted) return slots - age;
    }
    return slots;
  }
}

class SlidingWindow extends SlotCounts implements Meter {
  readonly #policy: RateLimitPolicy;
  readonly #slots: Slots;

  constructor(policy: RateLimitPolicy, slots: Slots) {
    super(slots.count);
    this.#policy = policy;
    this.#slots = slots;
  }

  take(now: number, cost: number): RateLimitDecision {
    const policy = this.#policy;
    const slots = this.#slots;
    this.advanceTo(slotAt(slots, now));
    const allowed = this.total + cost <= policy.limit;
    if (allowed) this.add(cost);
    const wait = this.slotsUntilFreed(allowed ? 1 : this.total + cost - policy.limit);
    return {
      policy,
      allowed,
      remaining: policy.limit - this.total,
      resetSeconds: secondsUntilSlot(slots, this.slot + wait, now),
    };
  }
}

export function windowMeter(policy: RateLimitPolicy): MeterKind {
  const slots = slotsOf(policy);
  return { lifetimeMs: lifetimeOf(slots), create: () => new SlidingWindow(policy, slots) };
}
