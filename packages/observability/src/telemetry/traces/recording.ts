import { AsyncLocalStorage } from "node:async_hooks";
import { context, type Tracer, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { timeLimit } from "@rempart/runtime";
import { parentFields, parentIn } from "./parent.ts";
import type { Tracing } from "./ports.ts";
import { followCall, followMessage, followRequest, followStatement, originHere } from "./spans.ts";
import type { TraceExport } from "./tracing.ts";

/** Spans that wait; beyond them new ones are dropped. About a kilobyte each. */
const MAX_WAITING = 2_048;
const BATCH = 512;
const DELAY_MS = 5_000;
const EXPORT_MS = 5_000;
const CLOSING_MS = 2_000;

/**
 * Registers with the OpenTelemetry API, so that libraries which use it join our traces; where an application has registered its
 * own before, that one's context is used. A receiver that is slow or away costs spans, nothing else.
 */
export function startTracing(target: TraceExport): Tracing {
  const provider = createProvider(target);
  const manager = new AsyncLocalStorageContextManager();
  const ownsContext = context.setGlobalContextManager(manager.enable());
  const ownsTracer = trace.setGlobalTracerProvider(provider);
  const tracer: Tracer = provider.getTracer("rempart");
  const { continueInbound = false } = target;
  return {
    requests: { begin: (facts, requestId) => followRequest(tracer, facts, requestId, continueInbound) },
    statement: (text, name) => followStatement(tracer, text, name),
    call: (dependency, work) => followCall(tracer, dependency, work),
    origin: originHere,
    message(kind, origin, work, traceparent) {
      const sender = traceparent === undefined ? null : parentIn(traceparent);
      return followMessage(tracer, { kind, origin, sender }, work);
    },
    hold: () => AsyncLocalStorage.snapshot(),
    headers() {
      const here = trace.getSpanContext(context.active());
      return here === undefined ? undefined : parentFields(here);
    },
    async close() {
      await timeLimit(provider.shutdown(), CLOSING_MS).catch(() => undefined);
      if (ownsTracer) trace.disable();
      if (ownsContext) context.disable();
    },
  };
}

function createProvider(target: TraceExport): TracerProvider {
  const exporter = new OTLPTraceExporter({
    url: new URL("v1/traces", withSlash(target.endpoint)).href,
    headers: target.authorization === undefined ? {} : { authorization: target.authorization.reveal() },
    timeoutMillis: EXPORT_MS,
  });
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: MAX_WAITING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: target.delayMs ?? DELAY_MS,
    exportTimeoutMillis: EXPORT_MS,
  });
  return new TracerProvider({
    resource: resourceFromAttributes({ "service.name": target.serviceName }),
    sampler: samplerFor(target.ratio ?? 1),
    spanProcessors: [processor],
  });
}

/** The share is ours to decide: a caller may ask not to be recorded, never to be. */
function samplerFor(ratio: number): Sampler {
  if (!(ratio >= 0 && ratio <= 1)) throw new TypeError("a share is from 0 to 1");
  const share = new TraceIdRatioBasedSampler(ratio);
  return new ParentBasedSampler({ root: share, remoteParentSampled: share });
}

function withSlash(endpoint: URL): string {
  return endpoint.href.endsWith("/") ? endpoint.href : `${endpoint.href}/`;
}
