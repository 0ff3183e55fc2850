import type { Exchange } from "../exchange.ts";
import type { RequestFacts } from "../facts.ts";
import { withinBudget } from "../idempotency/budget.ts";
import {
  createIdempotency,
  type IdempotencyOptions,
  REPLAYED,
  readIdempotencyKey,
} from "../idempotency/idempotency.ts";
import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import { reject, type Verdict } from "../verdict.ts";
import type { BodyPolicy, Policy } from "./policy.ts";

/** What a route does with `Idempotency-Key` on POST and PATCH; the other methods are idempotent or safe by themselves. */
export type IdempotencyMode = "required" | "optional" | "off";

export interface IdempotencyConfig extends Omit<IdempotencyOptions, "required"> {
  /** For routes that say nothing; default `optional`. */
  readonly default?: IdempotencyMode;
  /** How long the store may take for each of its answers, in milliseconds; default 1,000. Without the key: 503. */
  readonly budgetMs?: number;
  /** Whose key it is, where there is no `identity`; null for who is not known: the address stands in. */
  readonly caller?: (facts: RequestFacts) => string | null;
}

export interface CompiledIdempotency {
  /** Reads the key; the body is needed for the rest. */
  readonly key: Policy;
  /** Takes the key for this attempt, or answers as before. */
  readonly claim: BodyPolicy;
}

const DEFAULT_BUDGET_MS = 1000;
const METHODS = new Set(["POST", "PATCH"]);
/** Not knowing whether it ran before, nothing runs. */
const UNAVAILABLE = reject(EDGE_PROBLEMS.unavailable, "Retry-After", "1");
/** The one refusal that passes by itself. */
const IN_USE = reject(EDGE_PROBLEMS.idempotencyKeyInUse, "Retry-After", "1");
const MISSING = reject(EDGE_PROBLEMS.idempotencyKeyMissing);
const MALFORMED = reject(EDGE_PROBLEMS.idempotencyKeyMalformed);

export function compileIdempotency(config: IdempotencyConfig): CompiledIdempotency {
  const { budgetMs = DEFAULT_BUDGET_MS } = config;
  const { begin } = createIdempotency({ ...config, store: withinBudget(config.store, budgetMs) });
  return {
    key: (exchange) => {
      const { facts, matched } = exchange;
      if (matched.idempotency === "off" || !METHODS.has(facts.method)) return null;
      const sent = facts.header("idempotency-key");
      if (sent === undefined) return matched.idempotency === "required" ? MISSING : null;
      const key = readIdempotencyKey(sent);
      if (key === null) return MALFORMED;
      exchange.idempotencyKey = key;
      exchange.needsBody = true;
      return null;
    },
    claim: async (exchange, body) => {
      const key = exchange.idempotencyKey;
      if (key === null) return null;
      const { method, target } = exchange.facts;
      const request = { key, caller: callerOf(exchange, config), method, target, body };
      const begun = await begin(request).catch((error: unknown) => {
        exchange.cause = error;
        return null;
      });
      if (begun === null) return UNAVAILABLE;
      if (begun.kind === "refused") return refusedBy(begun.problem);
      if (begun.kind === "begun") {
        exchange.attempt = begun.attempt;
        return null;
      }
      exchange.addHeaders([REPLAYED, "true"]);
      return { kind: "answer", ...begun.answer };
    },
  };
}

function refusedBy(problem: Problem): Verdict {
  return problem.code === EDGE_PROBLEMS.idempotencyKeyInUse.code ? IN_USE : reject(problem);
}

/** In full: `limitKey` cuts long parts, and two callers must never share a key. */
function callerOf({ identity, client, facts }: Exchange, { caller }: IdempotencyConfig): string {
  if (identity !== null) return JSON.stringify(["identity", identity.tenant ?? null, identity.user]);
  const named = caller?.(facts) ?? null;
  return JSON.stringify(named === null ? ["address", client.key] : ["caller", named]);
}
