import { createMetricsObserver, type Observer } from "@rempart/edge";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Upstream, UpstreamEvent } from "../core/upstream/upstream.ts";
import type { Target } from "./target.ts";

export interface GatewayMetrics {
  readonly registry: Registry;
  /** Counts what the edge settles. */
  readonly http: Observer;
  upstreamEvent(event: UpstreamEvent): void;
}

/** What is asked when the metrics are read. */
export interface Watched {
  readonly upstreams: ReadonlyMap<string, Upstream<Target>>;
  readonly tunnels: () => number;
  /** Milliseconds since the Unix epoch. Null without TLS. */
  readonly certificateExpiresAt: (() => number) | null;
}

/** From a cached answer next door to a slow report. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(watched: Watched): GatewayMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const labelNames = ["method", "route", "status"] as const;
  const http = createMetricsObserver({
    requests: new Counter({
      name: "http_requests_total",
      help: "Requests answered, refused and upgraded ones included.",
      labelNames,
      registers,
    }),
    seconds: new Histogram({
      name: "http_request_duration_seconds",
      help: "From the first policy to the last byte of the answer.",
      labelNames,
      buckets: DURATION_BUCKETS,
      registers,
    }),
  });
  const events = new Counter({
    name: "gateway_upstream_events_total",
    help: "Targets taken out, ejected and brought back, circuits opened and closed.",
    labelNames: ["upstream", "kind"],
    registers,
  });
  gauges(watched, registry);
  return { registry, http, upstreamEvent: ({ upstream, kind }) => events.inc({ upstream, kind }) };
}

function gauges({ upstreams, tunnels, certificateExpiresAt }: Watched, registry: Registry): void {
  const registers = [registry];
  const perTarget = (name: string, help: string, read: (target: Target) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ["upstream", "target"],
      registers,
      collect() {
        for (const { name: upstream, targets } of upstreams.values())
          for (const target of targets) this.set({ upstream, target: target.name }, read(target));
      },
    });
  };
  perTarget(
    "gateway_target_up",
    "1 for a target that gets requests, 0 for one its checks found down or that was ejected.",
    ({ health, isEjected }) => (health.isUp && !isEjected ? 1 : 0),
  );
  perTarget("gateway_target_requests_active", "Requests and tunnels under way.", (target) => target.inFlight);
  perTarget("gateway_target_connections", "Open connections, idle ones too.", (target) => target.connections);
  new Gauge({
    name: "gateway_circuit_open",
    help: "1 while an upstream's circuit refuses requests.",
    labelNames: ["upstream"],
    registers,
    collect() {
      for (const { name: upstream, circuit } of upstreams.values())
        this.set({ upstream }, circuit === "closed" ? 0 : 1);
    },
  });
  single("gateway_tunnels_active", "Open WebSockets.", tunnels, registry);
  if (certificateExpiresAt === null) return;
  const seconds = (): number => certificateExpiresAt() / 1000;
  single(
    "gateway_certificate_expires_timestamp_seconds",
    "When the served certificate ends.",
    seconds,
    registry,
  );
}

function single(name: string, help: string, read: () => number, registry: Registry): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
