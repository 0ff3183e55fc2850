import { createMetricsObserver, type Observer } from "@rempart/edge";
import { registerMetrics, registerReader, shippedMetrics } from "@rempart/observability";
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
  const { requests, seconds, sent, encrypted, badFrames, tokenSizes } = registerMetrics(registry, {
    requests: shippedMetrics.httpRequests,
    seconds: shippedMetrics.httpDuration,
    sent: shippedMetrics.messagesSent,
    encrypted: shippedMetrics.messagesEncrypted,
    badFrames: shippedMetrics.websocketBadFrames,
    tokenSizes: shippedMetrics.accessTokenSize,
  });
  const sentByKind = {
    application: sent.labels({ kind: "application" }),
    commit: sent.labels({ kind: "commit" }),
    event: sent.labels({ kind: "event" }),
  };
  // There before the first request: that nothing counts is something else than that nobody asks.
  requests.labels({ method: "GET", route: "default", status: "200" });
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
