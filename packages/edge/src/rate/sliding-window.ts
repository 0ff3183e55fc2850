import type { Clock } from "@rempart/kernel";
import type { RateLimitDecision, RateLimiter, RateLimitPolicy } from "../ports.ts";

/**
 * A sliding window of sub-windows. A window of W seconds is cut into 15 slots; the slot of now and the 15 before it are
 * summed, which always covers the last W seconds entirely. So **no window of W seconds, wherever it starts, holds more
 * than the limit**: neither a fixed window nor a weighted pair of windows nor a token bucket can promise that (each lets
 * through up to twice the limit around a boundary or after a rest). The price is that quota comes back up to W/15 late.
 * One check is a constant number of steps, and a key costs a few hundred bytes whatever its limit.
 */
const SLOTS = 16;

class KeyWindow {
  slot = 0;
  total = 0;
  readonly counts: number[] = new Array<number>(SLOTS).fill(0);

  advanceTo(slot: number): void {
    const passed = Math.min(slot - this.slot, SLOTS);
    for (let i = 1; i <= passed; i += 1) {
      const at = (this.slot + i) % SLOTS;
      this.total -= this.counts[at] as number;
      this.counts[at] = 0;
    }
    this.slot = slot;
  }

  add(cost: number): void {
    const at = this.slot % SLOTS;
    this.counts[at] = (this.counts[at] as number) + cost;
    this.total += cost;
  }

  /** Slots to wait until at least `needed` counts have left; all of them when that is not enough. */
  slotsUntilFreed(needed: number): number {
    let freed = 0;
    for (let age = SLOTS - 1; age >= 0; age -= 1) {
      freed += this.counts[(this.slot + SLOTS - age) % SLOTS] as number;
      if (freed >= needed && freed > 0) return SLOTS - age;
    }
    return SLOTS;
  }
}

/**
 * The keys of one policy, in two generations: what was not asked about during a whole generation is dropped with it, so
 * expiry needs no timer and no scan. A generation lasts a window, or less when it is full.
 */
class KeyTable {
  readonly policy: RateLimitPolicy;
  readonly slotMs: number;
  readonly #maxYoung: number;
  #young = new Map<string, KeyWindow>();
  #old = new Map<string, KeyWindow>();
  #bornAt = 0;
  forgotten = 0;

  constructor(policy: RateLimitPolicy, maxKeys: number) {
    this.policy = policy;
    this.slotMs = (policy.windowSeconds * 1000) / (SLOTS - 1);
    this.#maxYoung = Math.max(1, Math.floor(maxKeys / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  windowOf(key: string, slot: number): KeyWindow {
    if (slot - this.#bornAt >= SLOTS) this.#rotate(slot);
    let window = this.#young.get(key);
    if (window === undefined) {
      if (this.#young.size >= this.#maxYoung) this.#rotate(slot);
      window = this.#old.get(key) ?? new KeyWindow();
      this.#old.delete(key);
      this.#young.set(key, window);
    }
    if (slot > window.slot) window.advanceTo(slot);
    return window;
  }

  #rotate(slot: number): void {
    if (slot - this.#bornAt < SLOTS) this.forgotten += this.#old.size;
    this.#old = this.#young;
    this.#young = new Map();
    this.#bornAt = slot;
  }
}

export interface MemoryLimiterOptions {
  readonly policies: readonly RateLimitPolicy[];
  readonly clock: Clock;
  /** Most keys kept per policy; default 100,000, about 40 MB at worst. Beyond it the least recently asked are forgotten. */
  readonly maxKeys?: number;
}

export interface MemoryLimiter extends RateLimiter {
  check(key: string, policy: string, cost?: number): RateLimitDecision;
  /** Keys held now, and keys dropped early because the table was full: above zero, raise `maxKeys` or look for a flood. */
  stats(): { readonly keys: number; readonly forgotten: number };
}

const DEFAULT_MAX_KEYS = 100_000;

export function createMemoryLimiter(options: MemoryLimiterOptions): MemoryLimiter {
  const { clock, maxKeys = DEFAULT_MAX_KEYS } = options;
  const tables = new Map(options.policies.map((policy) => [policy.name, new KeyTable(policy, maxKeys)]));
  return {
    check(key, policy, cost = 1) {
      const table = tables.get(policy);
      if (table === undefined) throw new TypeError(`no rate limit policy is named "${policy}"`);
      return decide(table, key, clock.monotonic(), cost);
    },
    stats() {
      let keys = 0;
      let forgotten = 0;
      for (const table of tables.values()) {
        keys += table.size;
        forgotten += table.forgotten;
      }
      return { keys, forgotten };
    },
  };
}

function decide(table: KeyTable, key: string, now: number, cost: number): RateLimitDecision {
  const { policy, slotMs } = table;
  const slot = Math.floor(now / slotMs);
  const window = table.windowOf(key, slot);
  const allowed = window.total + cost <= policy.limit;
  if (allowed) window.add(cost);
  const slots = window.slotsUntilFreed(allowed ? 1 : window.total + cost - policy.limit);
  return {
    policy,
    allowed,
    remaining: policy.limit - window.total,
    resetSeconds: Math.max(1, Math.ceil(((slot + slots) * slotMs - now) / 1000)),
  };
}
