import type { Exchange } from "../exchange.ts";
import type { RateLimitDecision } from "../ports.ts";
import type { CompiledPolicy, CompiledRule } from "../rate/rules.ts";
import type { Verdict } from "../verdict.ts";
import { isCounted, type RateLimitFaces, stands, UNAVAILABLE } from "./limit-decision.ts";
import type { Policy } from "./policy.ts";
import { severalLimits } from "./several-limits.ts";

/** Counts each request against its route's rule, or against all of them. */
export function rateLimit(faces: RateLimitFaces): Policy {
  const { limiter, rules, caller: callerOf, observe } = faces;
  const several = severalLimits(faces);
  const settle = (
    exchange: Exchange,
    rule: CompiledRule,
    policy: CompiledPolicy,
    key: string,
    decision: RateLimitDecision,
  ): Verdict | null => {
    if (stands(exchange, rule, policy, key, decision, observe)) return null;
    return isCounted(decision) ? policy.refused : UNAVAILABLE;
  };
  return (exchange) => {
    const { rateLimits } = exchange.matched;
    if (rateLimits.length === 0) return null;
    if (rateLimits.length > 1) return several(exchange, rateLimits);
    const rule = rules.get(rateLimits[0] as string) as CompiledRule;
    const caller = rule.needsCaller ? callerOf(exchange.facts, exchange.client) : null;
    const policy = rule.policyFor(caller);
    const key = rule.keyOf(exchange, caller);
    const answer = limiter.check(key, policy.name);
    if (!(answer instanceof Promise)) return settle(exchange, rule, policy, key, answer);
    return answer.then((decision) => settle(exchange, rule, policy, key, decision));
  };
}
