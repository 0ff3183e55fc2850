/** The shipped rules over a whole day, and what their objectives' windows would cost from samples alone. Time is made. */
import type { Clock } from "@rempart/kernel";
import {
  counterOf,
  type Duration,
  increase,
  observationsUpTo,
  ratio,
  registerMetrics,
  SHIPPED_GROUPS,
  shippedMetrics,
  startMonitor,
  sumBy,
  type Vector,
} from "@rempart/observability";
import { silentLogger } from "@rempart/runtime";
import { Registry } from "prom-client";

const EVERY_MS = 15_000;
const DAY_TICKS = 5_760;
const MEASURED = 60;
const ROUTES = 30;
const STATUSES = ["200", "404", "500"];
const ROUNDS = 5;

export interface ShippedTicks {
  readonly series: number;
  readonly rules: number;
  /** Milliseconds, of each of the last ticks of a day. */
  readonly evaluations: readonly number[];
  /** Milliseconds that the long windows of three objectives take when they are computed from samples, each round. */
  readonly fromSamples: readonly number[];
}

export async function measureShipped(): Promise<ShippedTicks> {
  const registry = new Registry();
  const serve = service(registry);
  let elapsed = 0;
  const clock: Clock = { now: () => 1_790_000_000_000 + elapsed, monotonic: () => elapsed };
  await using monitor = startMonitor({
    own: { registry, job: "bench", instance: "one" },
    groups: SHIPPED_GROUPS,
    everyMs: null,
    clock,
    log: silentLogger,
  });
  const evaluations: number[] = [];
  for (let tick = 0; tick < DAY_TICKS; tick += 1) {
    serve();
    elapsed += EVERY_MS;
    await monitor.tick();
    if (tick >= DAY_TICKS - MEASURED) evaluations.push(monitor.latest()?.tookMs ?? Number.NaN);
  }
  const fromSamples: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    // A millisecond later nothing is remembered.
    for (const window of LONG)
      for (const of of objectives(window)) await monitor.query(of, clock.now() - round - 1);
    fromSamples.push(performance.now() - start);
  }
  const { series = 0, results = [] } = monitor.latest() ?? {};
  return { series, rules: results.length, evaluations, fromSamples };
}

const LONG = ["6h", "1d", "3d", "4w"] as const satisfies readonly Duration[];

function objectives(window: Duration): Vector[] {
  const { httpRequests, httpDuration } = shippedMetrics;
  const total = sumBy([], increase(counterOf(httpRequests), window));
  const slow = (bound: number): Vector =>
    ratio(sumBy([], increase(observationsUpTo(httpDuration, bound), window)), total);
  const failed = sumBy([], increase(counterOf(httpRequests, { status: { startsWith: "5" } }), window));
  return [ratio(failed, total), slow(0.25), slow(1)];
}

/** A messenger with thirty routes, each of which answers a little between two ticks. */
function service(registry: Registry): () => void {
  const { httpRequests, httpDuration } = shippedMetrics;
  const metrics = registerMetrics(registry, { requests: httpRequests, seconds: httpDuration });
  const routes = Array.from({ length: ROUTES }, (_, index) => {
    const labels = { method: "GET", route: `/api/part-${index}` };
    return {
      answers: STATUSES.map((status) => metrics.requests.labels({ ...labels, status })),
      seconds: metrics.seconds.labels(labels),
    };
  });
  let turn = 0;
  return () => {
    turn += 1;
    for (const [index, { answers, seconds }] of routes.entries()) {
      for (const [place, answer] of answers.entries())
        answer.inc((index + turn) % (4 * place + 2) === 0 ? 3 : 0);
      seconds.observe(((index * 7 + turn) % 100) / 200);
    }
  };
}
