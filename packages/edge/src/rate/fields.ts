import { toLines } from "../headers/lines.ts";
import type { RateLimitDecision, RateLimitPolicy } from "../ports.ts";
import type { FlatHeaders } from "../verdict.ts";

/** The texts of a policy that never change. */
export interface PolicyTexts {
  /** Item of `RateLimit-Policy`. */
  readonly item: string;
  /** Start of the item of `RateLimit`, up to the remaining quota. */
  readonly prefix: string;
  readonly limit: string;
  /** Lines of a single decision, up to the remaining quota. */
  readonly lines: string;
}

const texts = new WeakMap<RateLimitPolicy, PolicyTexts>();

export function policyTexts(policy: RateLimitPolicy): PolicyTexts {
  let known = texts.get(policy);
  if (known === undefined) {
    const item = `"${policy.name}";q=${policy.limit};w=${policy.windowSeconds}`;
    const prefix = `"${policy.name}";r=`;
    const limit = String(policy.limit);
    const constant = toLines(["RateLimit-Policy", item, "X-RateLimit-Limit", limit]);
    known = { item, prefix, limit, lines: `${constant}RateLimit: ${prefix}` };
    texts.set(policy, known);
  }
  return known;
}

/**
 * The only writer of these fields: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), and
 * `X-RateLimit-*` for clients that read those, with the reset in seconds from now. Several decisions are listed together;
 * the `X-` fields can say one, so they say the tightest.
 */
export function writeRateLimit(
  headers: FlatHeaders,
  decision: RateLimitDecision,
  more: readonly RateLimitDecision[] | null,
): void {
  const own = policyTexts(decision.policy);
  let items = own.item;
  let states = `${own.prefix}${decision.remaining};t=${decision.resetSeconds}`;
  let tightest = decision;
  if (more !== null) {
    for (const other of more) {
      const others = policyTexts(other.policy);
      items += `, ${others.item}`;
      states += `, ${others.prefix}${other.remaining};t=${other.resetSeconds}`;
      if (isTighter(other, tightest)) tightest = other;
    }
  }
  headers.push(
    "RateLimit-Policy",
    items,
    "RateLimit",
    states,
    "X-RateLimit-Limit",
    policyTexts(tightest.policy).limit,
    "X-RateLimit-Remaining",
    `${tightest.remaining}`,
    "X-RateLimit-Reset",
    `${tightest.resetSeconds}`,
  );
  if (!tightest.allowed) headers.push("Retry-After", `${tightest.resetSeconds}`);
}

/** The same as lines. One decision that lets through is the rule, and the one worth having at hand. */
export function rateLimitLines(
  decision: RateLimitDecision,
  more: readonly RateLimitDecision[] | null,
): string {
  if (more !== null || !decision.allowed) {
    const headers: FlatHeaders = [];
    writeRateLimit(headers, decision, more);
    return toLines(headers);
  }
  const { remaining, resetSeconds } = decision;
  return `${policyTexts(decision.policy).lines}${remaining};t=${resetSeconds}\r\nX-RateLimit-Remaining: ${remaining}\r\nX-RateLimit-Reset: ${resetSeconds}\r\n`;
}

/** Of two refusals the one that lasts longer: coming back before its end would be refused again. */
function isTighter(a: RateLimitDecision, b: RateLimitDecision): boolean {
  if (a.allowed !== b.allowed) return !a.allowed;
  if (!a.allowed) return a.resetSeconds > b.resetSeconds;
  return a.remaining < b.remaining;
}
