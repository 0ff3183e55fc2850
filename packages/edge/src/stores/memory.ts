import type { Clock } from "@rempart/kernel";
import type { RateLimitDecision, RateLimiter, RateLimitPolicy, RateLimitStore } from "../ports.ts";
import { checkCost, type Meter, meterKind, unknownPolicy } from "../rate/meter.ts";
import { Generations } from "./generations.ts";

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
  const tables = new Map(options.policies.map((policy) => [policy.name, openTable(policy, maxKeys)]));
  return {
    check(key, policy, cost = 1) {
      const table = tables.get(policy);
      if (table === undefined) throw unknownPolicy(policy);
      checkCost(cost);
      const now = clock.monotonic();
      return table.of(key, now).take(now, cost);
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

function openTable(policy: RateLimitPolicy, maxKeys: number): Generations<Meter> {
  const { lifetimeMs, create } = meterKind(policy);
  return new Generations(lifetimeMs, maxKeys, create);
}

export function memoryStore(options: { readonly maxKeys?: number } = {}): RateLimitStore {
  return { open: (policies, clock) => createMemoryLimiter({ policies, clock, ...options }) };
}
