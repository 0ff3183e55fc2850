/** A service of fifty parts with 5,000 series, and four rules for each part. */
import {
  above,
  abs,
  alert,
  both,
  compare,
  counter,
  counterOf,
  histogram,
  increase,
  quantile,
  type RuleGroup,
  rate,
  ratio,
  registerMetrics,
  series,
  sumBy,
  zscore,
} from "@rempart/observability";
import type { Registry } from "prom-client";

const PARTS = 50;
const ROUTES = 4;
const STATUSES = ["200", "201", "204", "301", "304", "400", "401", "403", "404"];
export const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const part = { limit: PARTS };
const route = { limit: ROUTES };

export const requests = counter({
  name: "bench_requests_total",
  help: "Requests.",
  unit: "count",
  labels: { part, route, status: { limit: STATUSES.length } },
});

export const seconds = histogram({
  name: "bench_request_duration_seconds",
  help: "Durations.",
  unit: "seconds",
  labels: { part, route },
  buckets: BUCKETS,
});

/** Makes the series move that are the `part` of so many `parts`; all of them unless told otherwise. */
export type Move = (part?: number, parts?: number) => void;

/** Registers all series, and gives what makes them move. */
export function fill(registry: Registry): Move {
  const metrics = registerMetrics(registry, { requests, seconds });
  const children = partsAndRoutes().map(([part, route]) => ({
    counters: STATUSES.map((status) => metrics.requests.labels({ part, route, status })),
    times: metrics.seconds.labels({ part, route }),
  }));
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32) * below;
  };
  return (part = 0, parts = 1) => {
    for (const [index, { counters, times }] of children.entries()) {
      if (index % parts !== part) continue;
      for (const child of counters) child.inc(Math.floor(random(40)));
      times.observe(random(1));
    }
  };
}

function partsAndRoutes(): [string, string][] {
  return Array.from({ length: PARTS * ROUTES }, (_, index) => [
    `part-${Math.floor(index / ROUTES)}`,
    `/route/${index % ROUTES}`,
  ]);
}

const common = {
  severity: "warning",
  summary: "Of a bench.",
  runbook: "none",
  scenario: { every: "1m", series: [series(requests, {}, 0)], firesAt: "1m", resolvedAt: "2m" },
} as const;

/** A share of errors, a burn of a budget, a quantile and a band. */
export const GROUP: RuleGroup = {
  name: "bench",
  rules: Array.from({ length: PARTS }, (_, index) => rulesOf(`part-${index}`, index)).flat(),
};

function rulesOf(part: string, index: number) {
  const all = counterOf(requests, { part });
  const bad = counterOf(requests, { part, status: { startsWith: "4" } });
  const share = (window: "5m" | "1h") =>
    ratio(sumBy([], increase(bad, window)), sumBy([], increase(all, window)));
  const expressions = {
    Errors: above(ratio(sumBy(["route"], increase(bad, "5m")), sumBy(["route"], increase(all, "5m"))), 0.99),
    Burns: both(
      above(share("1h"), 0.9),
      above(share("5m"), 0.9),
      compare(sumBy([], increase(all, "1h")), ">=", 100),
    ),
    Slow: above(
      quantile<"part" | "route">(0.95, seconds, { window: "5m", by: ["route"], where: { part } }),
      5,
    ),
    Unusual: above(abs(zscore(sumBy([], rate(all, "5m")), { window: "1h", step: "1m", floor: 5 })), 8),
  };
  return Object.entries(expressions).map(([name, expression]) =>
    alert({ name: `Part${index}${name}`, expression, ...common }),
  );
}
