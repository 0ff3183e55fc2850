import type { Observer } from "@rempart/edge";
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from "prom-client";

export interface Metrics {
  /** Counts what the edge settles. */
  readonly http: Observer;
  messageStored(kind: "application" | "commit" | "event"): void;
  badFrame(): void;
  accessTokenIssued(sizeBytes: number): void;
}

/** From a cached answer to a slow commit of a large group. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A token travels in a header with every request: servers in front refuse headers beyond 8 KiB or so. */
const TOKEN_SIZE_BUCKETS = [256, 384, 512, 768, 1_024, 1_536, 2_048, 3_072, 4_096];

/** `connections` is asked when the metrics are read. */
export function createMetrics(registry: Registry, connections: () => number): Metrics {
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: "http_requests_total",
    help: "Requests answered on the public listener, refused and upgraded ones included.",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "http_request_duration_seconds",
    help: "From the first policy to the last byte of the answer.",
    labelNames: ["method", "route"],
    buckets: DURATION_BUCKETS,
    registers,
  });
  new Gauge({
    name: "websocket_connections_active",
    help: "Authenticated WebSockets that are open now.",
    registers,
    collect() {
      this.set(connections());
    },
  });
  const sent = new Counter({
    name: "messages_sent_total",
    help: "Messages this process placed durably in a conversation, each once: application messages, commits and events.",
    labelNames: ["kind"],
    registers,
  });
  const encrypted = new Counter({
    name: "messages_encrypted_total",
    help: "Of messages_sent_total, the end-to-end encrypted application messages, whose content the server cannot read.",
    registers,
  });
  const badFrames = new Counter({
    name: "websocket_bad_frames_total",
    help: "Frames from clients that could not be understood.",
    registers,
  });
  const tokenSizes = new Histogram({
    name: "jwt_size_bytes",
    help: "Size of the access tokens issued.",
    buckets: TOKEN_SIZE_BUCKETS,
    registers,
  });
  for (const kind of ["application", "commit", "event"]) sent.inc({ kind }, 0);
  return {
    http: {
      settled({ method, route, status, durationMs }) {
        const known = METHODS.has(method) ? method : "other";
        requests.inc({ method: known, route, status: String(status) });
        durations.observe({ method: known, route }, durationMs / 1000);
      },
    },
    messageStored(kind) {
      sent.inc({ kind });
      if (kind === "application") encrypted.inc();
    },
    badFrame: () => badFrames.inc(),
    accessTokenIssued: (sizeBytes) => tokenSizes.observe(sizeBytes),
  };
}

/** A method is the peer's text: as a label it must not grow without bound. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
