import { createMetricsObserver, type Observer } from "@rempart/edge";
import {
  type GaugeMetric,
  registerLabelledReader,
  registerMetrics,
  registerReader,
  shippedMetrics,
} from "@rempart/observability";
import { collectDefaultMetrics, Registry } from "prom-client";
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

export function createMetrics(watched: Watched): GatewayMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { requests, seconds, events } = registerMetrics(registry, {
    requests: shippedMetrics.httpRequests,
    seconds: shippedMetrics.httpDuration,
    events: shippedMetrics.upstreamEvents,
  });
  readUpstreams(watched, registry);
  return {
    registry,
    http: createMetricsObserver({ requests, seconds }),
    upstreamEvent: ({ upstream, kind }) => events.labels({ upstream, kind }).inc(),
  };
}

function readUpstreams({ upstreams, tunnels, certificateExpiresAt }: Watched, registry: Registry): void {
  const perTarget = (metric: GaugeMetric<"upstream" | "target">, read: (target: Target) => number): void =>
    registerLabelledReader(registry, metric, () =>
      [...upstreams.values()].flatMap(({ name: upstream, targets }) =>
        targets.map((target) => ({ labels: { upstream, target: target.name }, value: read(target) })),
      ),
    );
  perTarget(shippedMetrics.targetUp, ({ health, isEjected }) => (health.isUp && !isEjected ? 1 : 0));
  perTarget(shippedMetrics.targetRequests, (target) => target.inFlight);
  perTarget(shippedMetrics.targetConnections, (target) => target.connections);
  registerLabelledReader(registry, shippedMetrics.circuitOpen, () =>
    Array.from(upstreams.values(), ({ name: upstream, circuit }) => ({
      labels: { upstream },
      value: circuit === "closed" ? 0 : 1,
    })),
  );
  registerReader(registry, shippedMetrics.tunnels, tunnels);
  if (certificateExpiresAt === null) return;
  registerReader(registry, shippedMetrics.certificateExpires, () => certificateExpiresAt() / 1000);
}
