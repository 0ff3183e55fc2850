import type { Observer } from "../ports.ts";

type Labels = { readonly method: string; readonly route: string; readonly status: string };

/** What is used of a prom-client counter and histogram with the labels `method`, `route` and `status`. */
export interface RequestMetrics {
  readonly requests: { labels(labels: Labels): { inc(): void } };
  readonly seconds: { labels(labels: Labels): { observe(seconds: number): void } };
}

interface Series {
  readonly requests: { inc(): void };
  readonly seconds: { observe(seconds: number): void };
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Counts and times every request. Series are looked up once and kept; methods nobody knows share the label `other`. */
export function createMetricsObserver({ requests, seconds }: RequestMetrics): Observer {
  const routes = new Map<string, Map<string, Series[]>>();
  const seriesOf = (route: string, method: string, status: number): Series => {
    const methods = getOrAdd(routes, route, () => new Map<string, Series[]>());
    const byStatus = getOrAdd(methods, method, () => []);
    let series = byStatus[status];
    if (series === undefined) {
      const labels = { method, route, status: String(status) };
      series = { requests: requests.labels(labels), seconds: seconds.labels(labels) };
      byStatus[status] = series;
    }
    return series;
  };
  return {
    settled(outcome) {
      const method = METHODS.has(outcome.method) ? outcome.method : "other";
      const series = seriesOf(outcome.route, method, outcome.status);
      series.requests.inc();
      series.seconds.observe(outcome.durationMs / 1000);
    },
  };
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
