import type { RequestFacts } from "@rempart/edge";
import type { TraceHeaders } from "@rempart/observability/telemetry";
import type { GatewaySettings } from "../config/schema.ts";

/**
 * Whether what a request says of its trace is passed on: a proxy of ours wrote it then. A stranger could join any trace of the
 * services behind, which believe the gateway.
 */
export function trustsTraces({ edge: { proxies } }: Pick<GatewaySettings, "edge">): boolean {
  return (proxies?.hops ?? 0) > 0;
}

/** The trace a request says it belongs to, unread, for where the gateway makes none of its own. Null for more than one. */
export function saidTrace(facts: RequestFacts): TraceHeaders | null {
  const traceparent = facts.header("traceparent");
  if (traceparent === undefined || facts.repeated("traceparent")) return null;
  const tracestate = facts.header("tracestate");
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}
