/** What Prometheus scrapes: how old the sums are that are shown, and what the cache spares the tables. */
import type { CacheOutcome, Refreshed, Views } from "@rempart/database";
import { counter, gauge, registerLabelledReader, registerMetrics } from "@rempart/observability";
import { Registry } from "prom-client";
import { SALES_VIEWS } from "./sales-views.ts";

const view = { values: SALES_VIEWS.map(({ name }) => name) };

const viewAge = gauge({
  name: "materialized_view_age_seconds",
  help: "Since what the view shows was true.",
  unit: "seconds",
  labels: { view },
});
const viewRefresh = gauge({
  name: "materialized_view_refresh_duration_seconds",
  help: "How long its last refresh took.",
  unit: "seconds",
  labels: { view },
});
const viewRefreshes = counter({
  name: "materialized_view_refreshes_total",
  help: "Refreshes that were due, by what became of them.",
  unit: "count",
  labels: { view, outcome: { values: ["refreshed", "unchanged", "busy", "failed"] } },
});
const cacheRequests = counter({
  name: "cache_requests_total",
  help: "Values asked of the cache, by where they came from.",
  unit: "count",
  labels: { outcome: { values: ["hit", "stale", "made", "waited", "bypassed"] } },
});

export interface ShopMetrics {
  readonly registry: Registry;
  refreshed(refreshed: Refreshed): void;
  asked(outcome: CacheOutcome): void;
  /** The ages of these, from now on. */
  watch(views: Views): void;
}

export function createShopMetrics(): ShopMetrics {
  const registry = new Registry();
  const metrics = registerMetrics(registry, { viewRefreshes, cacheRequests });
  return {
    registry,
    refreshed: (done) => metrics.viewRefreshes.labels({ view: done.view, outcome: done.outcome }).inc(),
    asked: (outcome) => metrics.cacheRequests.labels({ outcome }).inc(),
    watch(views) {
      registerLabelledReader(registry, viewAge, async () =>
        (await views.ages()).map(({ view: name, ageSeconds: value }) => ({ labels: { view: name }, value })),
      );
      registerLabelledReader(registry, viewRefresh, async () =>
        (await views.ages()).map(({ view: name, refreshMs }) => ({
          labels: { view: name },
          value: refreshMs / 1000,
        })),
      );
    },
  };
}
