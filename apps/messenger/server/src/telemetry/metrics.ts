import { createMetricsObserver, type Observer } from "@rempart/edge";
import { registerMetrics, registerReader, shippedMetrics } from "@rempart/observability";
import { currentTraceId } from "@rempart/observability/telemetry";
import { collectDefaultMetrics, type Registry } from "prom-client";

export interface Metrics {
  /** Counts what the edge settles. */
  readonly http: Observer;
  messageStored(kind: "application" | "commit" | "event"): void;
  badFrame(): void;
  accessTokenIssued(sizeBytes: number): void;
}

/** `connections` is asked when the metrics are read. */
export function createMetrics(registry: Registry, connections: () => number): Metrics {
  collectDefaultMetrics({ register: registry });
  registerReader(registry, shippedMetrics.websocketConnections, connections);
  const counted = {
    requests: shippedMetrics.httpRequests,
    seconds: shippedMetrics.httpDuration,
    sent: shippedMetrics.messagesSent,
    encrypted: shippedMetrics.messagesEncrypted,
    badFrames: shippedMetrics.websocketBadFrames,
    tokenSizes: shippedMetrics.accessTokenSize,
  };
  const { requests, seconds, sent, encrypted, badFrames, tokenSizes } = registerMetrics(registry, counted, {
    traceId: currentTraceId,
  });
  const sentByKind = {
    application: sent.labels({ kind: "application" }),
    commit: sent.labels({ kind: "commit" }),
    event: sent.labels({ kind: "event" }),
  };
  // There before the first request and the first failure: that nothing counts is something else than that nothing happens.
  for (const status of ["200", "404", "500"]) requests.labels({ method: "GET", route: "default", status });
  seconds.labels({ method: "GET", route: "default" });
  return {
    http: createMetricsObserver({ requests, seconds }),
    messageStored(kind) {
      sentByKind[kind].inc();
      if (kind === "application") encrypted.inc();
    },
    badFrame: () => badFrames.inc(),
    accessTokenIssued: (sizeBytes) => tokenSizes.observe(sizeBytes),
  };
}
