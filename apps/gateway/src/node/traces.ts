import { readFileSync } from "node:fs";
import type { RequestFacts, RequestTracer } from "@rempart/edge";
import { explain } from "@rempart/kernel";
import {
  currentTraceId,
  openTracing,
  type TraceExport,
  type TraceHeaders,
} from "@rempart/observability/telemetry";
import { Secret } from "@rempart/runtime";
import type { GatewaySettings } from "../config/schema.ts";
import { saidTrace, trustsTraces } from "../core/said-trace.ts";
import { GatewayError } from "../errors.ts";

/** How a request is followed to its upstream. Off, nothing runs but the work itself. */
export interface Traces {
  /** For the edge. */
  readonly tracer?: RequestTracer;
  /** For the lines of the access log. */
  readonly traceId?: () => string | undefined;
  /** Does a request's work with an upstream, of this name, as a part of its trace. */
  follow<T>(upstream: string, work: () => Promise<T>): Promise<T>;
  /** What the upstream is told. Asked within `follow`. */
  told(facts: RequestFacts): TraceHeaders | null;
  /** Sends what waits, for two seconds at most. */
  close(): Promise<void>;
}

/** Rejects with `invalid-configuration` when the file with the authorization cannot be read. */
export async function openTraces(settings: Pick<GatewaySettings, "traces" | "edge">): Promise<Traces> {
  const isTrusting = trustsTraces(settings);
  if (settings.traces === undefined) return untraced(isTrusting);
  const tracing = await openTracing(exportOf(settings.traces, isTrusting));
  const { requests, call } = tracing;
  return {
    tracer: requests,
    traceId: currentTraceId,
    // Asynchronous even where the work fails at once: the span ends with the promise.
    follow: (upstream, work) => (call === undefined ? work() : call(upstream, async () => work())),
    told: () => tracing.headers() ?? null,
    close: () => tracing.close(),
  };
}

function untraced(isTrusting: boolean): Traces {
  return {
    follow: (_, work) => work(),
    told: isTrusting ? saidTrace : () => null,
    close: async () => {},
  };
}

type TraceSettings = NonNullable<GatewaySettings["traces"]>;

function exportOf(
  { endpoint, authorization, serviceName, ratio }: TraceSettings,
  continueInbound: boolean,
): TraceExport {
  const proof = authorization === undefined ? {} : { authorization: readSecret(authorization) };
  return { endpoint: new URL(endpoint), ...proof, serviceName, ratio, continueInbound };
}

function readSecret(path: string): Secret {
  try {
    return new Secret(readFileSync(path, "utf8").trim());
  } catch (cause) {
    throw new GatewayError("invalid-configuration", `traces.authorization: ${explain(cause)}`, {
      cause,
      details: { fields: ["traces.authorization"] },
    });
  }
}
