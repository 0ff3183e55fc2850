import { createMetricsObserver, type Observer } from "@rempart/edge";
import {
  type BoundCounter,
  type GaugeMetric,
  type Labelled,
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
  /** What counts the answers of each upstream, by its name. */
  readonly answers: ReadonlyMap<string, (answer: UpstreamAnswer) => void>;
}

const ANSWERS = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"] as const;
/** What came of an attempt: the class of a status, or none. */
export type UpstreamAnswer = (typeof ANSWERS)[number];

/** `status` is from 100 to 599. */
export function answerOf(status: number): UpstreamAnswer {
  return ANSWERS[Math.floor(status / 100) - 1] ?? "none";
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
  const { requests, seconds, events, answers } = registerMetrics(registry, {
    requests: shippedMetrics.httpRequests,
    seconds: shippedMetrics.httpDuration,
    events: shippedMetrics.upstreamEvents,
    answers: shippedMetrics.upstreamAnswers,
  });
  readUpstreams(watched, registry);
  return {
    registry,
    http: createMetricsObserver({ requests, seconds }),
    upstreamEvent: ({ upstream, kind }) => events.labels({ upstream, kind }).inc(),
    answers: new Map(
      [...watched.upstreams.keys()].map((upstream) => [upstream, countingOf(upstream, answers)]),
    ),
  };
}

/** Every series from the start: one that begins with its first failures shows no growth. */
function countingOf(
  upstream: string,
  answers: Labelled<"upstream" | "answer", BoundCounter>,
): (answer: UpstreamAnswer) => void {
  const children = new Map(ANSWERS.map((answer) => [answer, answers.labels({ upstream, answer })]));
  return (answer) => children.get(answer)?.inc();
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
