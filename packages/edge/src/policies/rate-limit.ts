import type { Address } from "../address/ip.ts";
import type { Exchange } from "../exchange.ts";
import type { RequestFacts } from "../facts.ts";
import type { RateLimitDecision, RateLimitEvent, RateLimiter } from "../ports.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import type { Caller, CompiledPolicy, CompiledRule } from "../rate/rules.ts";
import { reject, type Verdict } from "../verdict.ts";
import type { Policy } from "./policy.ts";

const UNAVAILABLE = reject(EDGE_PROBLEMS.unavailable, "Retry-After", "1");

export interface RateLimitFaces {
  readonly limiter: RateLimiter;
  readonly rules: ReadonlyMap<string, CompiledRule>;
  readonly caller: (facts: RequestFacts, client: Address) => Caller | null;
  readonly observe: (event: RateLimitEvent) => void;
}

/** Counts each request against its route's rule. */
export function rateLimit({ limiter, rules, caller: callerOf, observe }: RateLimitFaces): Policy {
  const settle = (
    exchange: Exchange,
    rule: CompiledRule,
    policy: CompiledPolicy,
    key: string,
    decision: RateLimitDecision,
  ): Verdict | null => {
    if (decision.failure !== undefined) exchange.cause = decision.failure.cause;
    if (rule.isShadow) {
      if (!decision.allowed && decision.failure === undefined) {
        observe({ kind: "shadow-refusal", policy: policy.name, key, requestId: exchange.requestId });
      }
      return null;
    }
    if (isCounted(decision)) exchange.decision = decision;
    else return decision.allowed ? null : UNAVAILABLE;
    return decision.allowed ? null : policy.refused;
  };
  return (exchange) => {
    const name = exchange.matched.rateLimit;
    if (name === null) return null;
    const rule = rules.get(name) as CompiledRule;
    const caller = rule.needsCaller ? callerOf(exchange.facts, exchange.client) : null;
    const policy = rule.policyFor(caller);
    const key = rule.keyOf(exchange, caller);
    const answer = limiter.check(key, policy.name);
    if (!(answer instanceof Promise)) return settle(exchange, rule, policy, key, answer);
    return answer.then((decision) => settle(exchange, rule, policy, key, decision));
  };
}

/** Only what was counted may be told to the client. */
export function isCounted({ failure }: RateLimitDecision): boolean {
  return failure === undefined || failure.mode === "local";
}
