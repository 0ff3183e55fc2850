import type { Clock } from "@rempart/kernel";
import type {
  FailureMode,
  RateLimitDecision,
  RateLimitEvent,
  RateLimiter,
  RateLimitPolicy,
} from "../ports.ts";
import { createMemoryLimiter } from "../stores/memory.ts";
import { checkCost, unknownPolicy } from "./meter.ts";
import { createOutage, type Outage } from "./outage.ts";

export interface GuardOptions {
  readonly policies: readonly RateLimitPolicy[];
  readonly clock: Clock;
  /** Longest wait for one decision, in milliseconds. */
  readonly budgetMs: number;
  readonly onFailure: FailureMode;
  /** Decisions asked of the store and not answered by it, late ones included; beyond, none is asked. */
  readonly maxPending?: number;
  /** Keys of the local count that takes over in the failure mode `local`. */
  readonly maxKeys?: number;
  /** Must not throw. */
  readonly observe: (event: RateLimitEvent) => void;
}

export interface GuardedLimiter extends RateLimiter {
  stats(): GuardStats;
}

export interface GuardStats {
  /** Decisions taken without the store, since the start. */
  readonly unanswered: number;
  /** Calls the store has not answered yet. */
  readonly pending: number;
  readonly down: boolean;
}

type Fallback = (key: string, policy: string, cost: number | undefined, failure: Error) => RateLimitDecision;

const DEFAULT_MAX_PENDING = 1000;

/**
 * A limiter that may be remote, behind a time budget. A call that is late or fails gets what `onFailure` declares, and
 * after a few in a row the store counts as down: decisions are then taken without asking it, except for one probe at a
 * time. So a frozen store costs a few requests the budget, the others nothing, and never holds more than `maxPending`
 * calls. Misuse throws `TypeError`, as it does without a store.
 */
export function guardLimiter(limiter: RateLimiter, options: GuardOptions): GuardedLimiter {
  const { clock, budgetMs, onFailure, observe, maxPending = DEFAULT_MAX_PENDING } = options;
  let pending = 0;
  let unanswered = 0;
  let round = 0;
  const outage = createOutage({
    clock,
    onFailure,
    observe: (event) => {
      if (event.kind === "store-up") {
        // Calls that an outage swallowed for good must not count for ever.
        pending = 0;
        round += 1;
      }
      observe(event);
    },
  });
  const fallback = createFallback(options);
  const names = new Set(options.policies.map(({ name }) => name));

  const withoutStore: Fallback = (key, policy, cost, failure) => {
    unanswered += 1;
    return fallback(key, policy, cost, failure);
  };

  return {
    stats: () => ({ unanswered, pending, down: outage.isDown() }),
    check(key, policy, cost) {
      checkCost(cost ?? 1);
      if (!names.has(policy)) throw unknownPolicy(policy);
      const refusal = outage.mayAsk() ? null : outage.cause();
      if (refusal !== null) return withoutStore(key, policy, cost, refusal);
      if (pending >= maxPending && !outage.isDown()) {
        return withoutStore(key, policy, cost, failed(outage, new Error(`${pending} decisions are pending`)));
      }
      let answer: ReturnType<RateLimiter["check"]>;
      try {
        answer = limiter.check(key, policy, cost);
      } catch (error) {
        return withoutStore(key, policy, cost, failed(outage, error));
      }
      if (!(answer instanceof Promise)) return answer;
      pending += 1;
      const asked = round;
      const settled = (): void => {
        if (asked === round) pending -= 1;
      };
      answer.then(settled, settled);
      return within(budgetMs, answer, outage, (failure) => withoutStore(key, policy, cost, failure));
    },
  };
}

/** Settles within the budget, whatever `answer` does; never rejects. */
function within(
  budgetMs: number,
  answer: Promise<RateLimitDecision>,
  outage: Outage,
  withoutStore: (failure: Error) => RateLimitDecision,
): Promise<RateLimitDecision> {
  return new Promise((resolve) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      const error = new Error(`the rate limit store did not answer within ${budgetMs} ms`);
      resolve(withoutStore(failed(outage, error)));
    }, budgetMs);
    answer.then(
      (decision) => {
        clearTimeout(timer);
        if (isLate) return;
        outage.succeeded();
        resolve(decision);
      },
      (error: unknown) => {
        clearTimeout(timer);
        if (isLate) return;
        resolve(withoutStore(failed(outage, error)));
      },
    );
  });
}

function failed(outage: Outage, error: unknown): Error {
  const failure = error instanceof Error ? error : new Error(String(error));
  outage.failed(failure);
  return failure;
}

function createFallback({ policies, clock, onFailure: mode, maxKeys }: GuardOptions): Fallback {
  if (mode === "local") {
    const local = createMemoryLimiter({
      policies,
      clock,
      ...(maxKeys === undefined ? undefined : { maxKeys }),
    });
    return (key, policy, cost, cause) => ({ ...local.check(key, policy, cost), failure: { mode, cause } });
  }
  const byName = new Map(policies.map((policy) => [policy.name, policy]));
  const allowed = mode === "allow";
  return (_key, name, _cost, cause) => {
    const policy = byName.get(name) as RateLimitPolicy;
    return { policy, allowed, remaining: 0, resetSeconds: 1, failure: { mode, cause } };
  };
}
