import type { Exchange } from "../exchange.ts";
import type { KeyPart, RateLimitPolicy } from "../ports.ts";
import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import { reject, type Verdict } from "../verdict.ts";
import { limitKey } from "./keys.ts";

export type Tier = "free" | "pro" | "enterprise";
export const TIERS: readonly Tier[] = ["free", "pro", "enterprise"];

/** Who calls, as the application knows it. Absent parts are not known: the address stands in for them. */
export interface Caller {
  readonly user?: string;
  readonly tenant?: string;
  readonly tier?: Tier;
}

/** A policy, and how the edge applies it to requests. */
export interface RateLimitRule extends RateLimitPolicy {
  /** What shares one counter; default the address. `user` and `tenant` need `rateLimit.caller`. */
  readonly by?: readonly KeyPart[];
  /** Limits of tiers, in place of `limit`; each is a policy of its own, named `name-tier`. Needs `rateLimit.caller`. */
  readonly tiers?: { readonly [Name in Tier]?: number };
  /** Count and report to `rateLimit.observe`, but never refuse, and say nothing in the response. */
  readonly shadow?: boolean;
  /** The problem type of a refusal; default `quota-exceeded`. */
  readonly refusal?: "quota-exceeded" | "abnormal-usage-detected";
}

/** A rule with everything a request needs looked up beforehand. */
export interface CompiledRule {
  readonly needsCaller: boolean;
  readonly isShadow: boolean;
  keyOf(exchange: Exchange, caller: Caller | null): string;
  policyFor(caller: Caller | null): CompiledPolicy;
}

export interface CompiledPolicy {
  readonly name: string;
  readonly problem: Problem;
  readonly refused: Verdict;
}

/** What a store is asked to count: each rule, and each of its tiers. */
export function policiesOf(rules: readonly RateLimitRule[]): RateLimitPolicy[] {
  return rules.flatMap((rule) => [rule, ...tiersOf(rule)]);
}

function tiersOf(rule: RateLimitRule): RateLimitPolicy[] {
  return TIERS.flatMap((tier) => {
    const limit = rule.tiers?.[tier];
    if (limit === undefined) return [];
    const { windowSeconds, algorithm, burst } = rule;
    const name = tierName(rule, tier);
    const scaled = burst === undefined ? undefined : { burst: Math.min(burst, limit) };
    return [{ name, limit, windowSeconds, ...(algorithm && { algorithm }), ...scaled }];
  });
}

function tierName(rule: RateLimitRule, tier: Tier): string {
  return `${rule.name}-${tier}`;
}

export function compileRules(rules: readonly RateLimitRule[]): ReadonlyMap<string, CompiledRule> {
  return new Map(rules.map((rule) => [rule.name, compileRule(rule)]));
}

function compileRule(rule: RateLimitRule): CompiledRule {
  const by = rule.by ?? ["address"];
  const isByAddress = by.length === 1 && by[0] === "address";
  const base = compilePolicy(rule.name, rule.refusal);
  const tiers = new Map<string, CompiledPolicy>();
  for (const tier of TIERS) {
    if (rule.tiers?.[tier] !== undefined) tiers.set(tier, compilePolicy(tierName(rule, tier), rule.refusal));
  }
  return {
    needsCaller: tiers.size > 0 || by.includes("user") || by.includes("tenant"),
    isShadow: rule.shadow ?? false,
    keyOf: isByAddress ? ({ client }) => client.key : (exchange, caller) => keyOf(by, exchange, caller),
    policyFor: (caller) => tiers.get(caller?.tier ?? "") ?? base,
  };
}

/** The draft's member of both problem types, draft-ietf-httpapi-ratelimit-headers-10, section 5. */
function compilePolicy(name: string, refusal: RateLimitRule["refusal"]): CompiledPolicy {
  const problem =
    refusal === "abnormal-usage-detected" ? EDGE_PROBLEMS.abnormalUsage : EDGE_PROBLEMS.rateLimited;
  return { name, problem, refused: reject({ ...problem, members: { "violated-policies": [name] } }) };
}

function keyOf(by: readonly KeyPart[], { client, routeClass }: Exchange, caller: Caller | null): string {
  const known = { address: client.key, endpoint: routeClass, user: caller?.user, tenant: caller?.tenant };
  const parts: { [Part in KeyPart]?: string } = {};
  for (const part of by) {
    const value = known[part];
    if (value === undefined) parts.address = client.key;
    else parts[part] = value;
  }
  return limitKey(parts);
}
