import type { Clock } from "@rempart/kernel";
import type { RateLimitConfig } from "../config.ts";
import { invalid } from "../errors.ts";
import type { RateLimitEvent, RateLimiter, RateLimitPolicy } from "../ports.ts";
import { createMemoryLimiter } from "../stores/memory.ts";
import { guardLimiter } from "./guard.ts";
import { policiesOf } from "./rules.ts";
import { watchedLimiter } from "./watched.ts";

const DEFAULT_BUDGET_MS = 20;

export function createLimiter(config: RateLimitConfig, clock: Clock): RateLimiter {
  const limiter = openLimiter(config, clock);
  return config.decided === undefined ? limiter : watchedLimiter(limiter, config.decided);
}

/** Memory as it is; anything else behind a budget. */
function openLimiter(config: RateLimitConfig, clock: Clock): RateLimiter {
  const policies = policiesOf(config.policies);
  const { maxKeys, budgetMs = DEFAULT_BUDGET_MS, onFailure = "refuse" } = config;
  const bound = maxKeys === undefined ? undefined : { maxKeys };
  const limiter = config.limiter ?? openStore(config, policies, clock);
  if (limiter === null) return createMemoryLimiter({ policies, clock, ...bound });
  const observe = limitObserver(config);
  return guardLimiter(limiter, { policies, clock, budgetMs, onFailure, observe, ...bound });
}

function openStore(
  { store }: RateLimitConfig,
  policies: readonly RateLimitPolicy[],
  clock: Clock,
): RateLimiter | null {
  try {
    return store?.open(policies, clock) ?? null;
  } catch (error) {
    throw invalid("rateLimit.store", error instanceof Error ? error.message : String(error));
  }
}

export function limitObserver({ observe }: RateLimitConfig): (event: RateLimitEvent) => void {
  return (event) => {
    try {
      observe?.(event);
    } catch {
      // As for every observer: a decision never fails because it was watched.
    }
  };
}
