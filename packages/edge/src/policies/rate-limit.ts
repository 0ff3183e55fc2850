import type { Exchange } from "../exchange.ts";
import type { RateLimitDecision, RateLimiter } from "../ports.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import { reject, type Verdict } from "../verdict.ts";
import type { Policy } from "./policy.ts";

export interface RateLimitBudget {
  /** Longest wait for a limiter that asks a remote store. */
  readonly milliseconds: number;
  /** What a request gets when the limiter fails or does not answer in time. */
  readonly onFailure: "allow" | "refuse";
}

const LIMITED = reject(EDGE_PROBLEMS.rateLimited);
const UNAVAILABLE = reject(EDGE_PROBLEMS.unavailable, "Retry-After", "1");

/** Counts each request against its route's policy, keyed by client address. */
export function rateLimit(limiter: RateLimiter, budget: RateLimitBudget): Policy {
  return (exchange) => {
    const policy = exchange.matched.rateLimit;
    if (policy === null) return null;
    let answer: ReturnType<RateLimiter["check"]>;
    try {
      answer = limiter.check(exchange.client.key, policy);
    } catch (error) {
      return withoutAnswer(exchange, budget, error);
    }
    return answer instanceof Promise ? awaitWithin(exchange, answer, budget) : settle(exchange, answer);
  };
}

function settle(exchange: Exchange, decision: RateLimitDecision): Verdict | null {
  exchange.decision = decision;
  return decision.allowed ? null : LIMITED;
}

function withoutAnswer(exchange: Exchange, budget: RateLimitBudget, cause: unknown): Verdict | null {
  exchange.cause = cause;
  return budget.onFailure === "allow" ? null : UNAVAILABLE;
}

async function awaitWithin(
  exchange: Exchange,
  answer: Promise<RateLimitDecision>,
  budget: RateLimitBudget,
): Promise<Verdict | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(
      () => fail(new Error(`the rate limiter did not answer within ${budget.milliseconds} ms`)),
      budget.milliseconds,
    );
  });
  try {
    return settle(exchange, await Promise.race([answer, late]));
  } catch (error) {
    return withoutAnswer(exchange, budget, error);
  } finally {
    clearTimeout(timer);
  }
}
