import type { Address } from "../address/ip.ts";
import type { Exchange } from "../exchange.ts";
import type { RequestFacts } from "../facts.ts";
import type { RateLimitDecision, RateLimitEvent, RateLimiter } from "../ports.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import type { Caller, CompiledPolicy, CompiledRule } from "../rate/rules.ts";
import { reject } from "../verdict.ts";

export const UNAVAILABLE = reject(EDGE_PROBLEMS.unavailable, "Retry-After", "1");

export interface RateLimitFaces {
  readonly limiter: RateLimiter;
  readonly rules: ReadonlyMap<string, CompiledRule>;
  readonly caller: (facts: RequestFacts, client: Address) => Caller | null;
  readonly observe: (event: RateLimitEvent) => void;
}

/** Notes a decision where it belongs, and says whether the request may go on by it. */
export function stands(
  exchange: Exchange,
  rule: CompiledRule,
  policy: CompiledPolicy,
  key: string,
  decision: RateLimitDecision,
  observe: (event: RateLimitEvent) => void,
): boolean {
  if (decision.failure !== undefined) exchange.cause = decision.failure.cause;
  if (rule.isShadow) {
    if (!decision.allowed && decision.failure === undefined) {
      observe({ kind: "shadow-refusal", policy: policy.name, key, requestId: exchange.requestId });
    }
    return true;
  }
  if (isCounted(decision)) exchange.addDecision(decision);
  return decision.allowed;
}

/** Only what was counted may be told to the client. */
export function isCounted({ failure }: RateLimitDecision): boolean {
  return failure === undefined || failure.mode === "local";
}
