import { EDGE_PROBLEMS } from "../problem.ts";
import type { ConcurrencyLimit } from "../rate/concurrency.ts";
import { reject } from "../verdict.ts";
import type { Policy } from "./policy.ts";

const FULL = reject(EDGE_PROBLEMS.reducedCapacity, "Retry-After", "1");

/** Takes a place that the edge gives back when the request settles. The last policy: what was refused before took none. */
export function concurrency(limit: ConcurrencyLimit): Policy {
  return (exchange) => {
    if (!exchange.matched.concurrency || exchange.facts.upgrade) return null;
    if (!limit.acquire()) return FULL;
    exchange.place = limit;
    return null;
  };
}
