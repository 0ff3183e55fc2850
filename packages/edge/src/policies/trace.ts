import type { RequestTracer } from "../ports.ts";
import type { Policy } from "./policy.ts";

/** Begins to follow the request. Always lets it pass. */
export function trace(tracer: RequestTracer): Policy {
  return (exchange) => {
    exchange.trace = tracer.begin(exchange.facts, exchange.requestId);
    return null;
  };
}
