import type { Clock } from "@rempart/kernel";
import type { Edge } from "./edge.ts";
import { Exchange } from "./exchange.ts";
import { type BodyPolicy, compilePolicies, type Policy } from "./policies/policy.ts";
import { EDGE_PROBLEMS } from "./problem.ts";
import type { RouteTable } from "./route-table.ts";
import { reject, type Verdict } from "./verdict.ts";

/** The two ways into the edge. The first policy must be the one that identifies the request. */
export function compileAdmission(
  policies: readonly [Policy, ...Policy[]],
  routes: RouteTable,
  clock: Clock,
  newNonce: () => string,
  bodyPolicies: readonly BodyPolicy[],
): Pick<Edge, "admit" | "admitBody" | "refuseEarly"> {
  const decide = compilePolicies(policies);
  const [identify] = policies;
  return {
    admit(facts) {
      const exchange = new Exchange(facts, clock.monotonic(), routes.match(facts), newNonce);
      try {
        const verdict = decide(exchange);
        return verdict instanceof Promise ? concludeLater(exchange, verdict) : conclude(exchange, verdict);
      } catch (error) {
        return failClosed(exchange, error);
      }
    },
    async admitBody(exchange, body) {
      try {
        for (const policy of bodyPolicies) {
          const verdict = await policy(exchange, body);
          if (verdict === null) continue;
          conclude(exchange, verdict);
          return;
        }
      } catch (error) {
        failClosed(exchange, error);
      }
    },
    refuseEarly(facts, problem) {
      const exchange = new Exchange(facts, clock.monotonic(), routes.fallback, newNonce);
      try {
        identify(exchange);
      } catch (error) {
        return failClosed(exchange, error);
      }
      return conclude(exchange, reject(problem, "Connection", "close"));
    },
  };
}

async function concludeLater(exchange: Exchange, verdict: Promise<Verdict>): Promise<Exchange> {
  try {
    return conclude(exchange, await verdict);
  } catch (error) {
    return failClosed(exchange, error);
  }
}

function conclude(exchange: Exchange, verdict: Verdict): Exchange {
  exchange.decided = verdict;
  if (verdict.kind !== "reject") return exchange;
  exchange.code = verdict.problem.code;
  exchange.reason = verdict.reason ?? null;
  return exchange;
}

const INTERNAL = reject(EDGE_PROBLEMS.internal);

function failClosed(exchange: Exchange, error: unknown): Exchange {
  exchange.cause = error;
  if (exchange.requestId === "") exchange.requestId = crypto.randomUUID();
  return conclude(exchange, INTERNAL);
}
