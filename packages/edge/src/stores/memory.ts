import type { Clock } from "@rempart/kernel";
import type { RateLimitDecision, RateLimiter, RateLimitPolicy, RateLimitStore } from "../ports.ts";
import { checkCost, type Meter, type MeterKind, meterKind, unknownPolicy } from "../rate/meter.ts";

/**
 * The keys of one policy, in two generations: what was not asked about during a whole generation is dropped with it, so
 * expiry needs no timer and no scan. A generation lasts as long as a meter remembers, or less when it is full.
 */
class KeyTable {
  readonly #kind: MeterKind;
  readonly #maxYoung: number;
  #young = new Map<string, Meter>();
  #old = new Map<string, Meter>();
  #bornAt = 0;
  forgotten = 0;

  constructor(policy: RateLimitPolicy, maxKeys: number) {
    this.#kind = meterKind(policy);
    this.#maxYoung = Math.max(1, Math.floor(maxKeys / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  meterOf(key: string, now: number): Meter {
    if (now - this.#bornAt >= this.#kind.lifetimeMs) this.#rotate(now);
    let meter = this.#young.get(key);
    if (meter === undefined) {
      if (this.#young.size >= this.#maxYoung) this.#rotate(now);
      meter = this.#old.get(key) ?? this.#kind.create();
      this.#old.delete(key);
      this.#young.set(key, meter);
    }
    return meter;
  }

  #rotate(now: number): void {
    if (now - this.#bornAt < this.#kind.lifetimeMs) this.forgotten += this.#old.size;
    this.#old = this.#young;
    this.#young = new Map();
    this.#bornAt = now;
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
      if (table === undefined) throw unknownPolicy(policy);
      checkCost(cost);
      const now = clock.monotonic();
      return table.meterOf(key, now).take(now, cost);
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

export function memoryStore(options: { readonly maxKeys?: number } = {}): RateLimitStore {
  return { open: (policies, clock) => createMemoryLimiter({ policies, clock, ...options }) };
}
