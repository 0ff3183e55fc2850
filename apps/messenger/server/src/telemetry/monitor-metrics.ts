import {
  type AlertingEvent,
  type Evaluation,
  type GaugeMetric,
  registerMetrics,
  registerReader,
  shippedMetrics,
} from "@rempart/observability";
import type { Registry } from "prom-client";

/** How the monitor fares, of its newest evaluation. */
export function readMonitor(registry: Registry, latest: () => Evaluation | null): void {
  const read = (metric: GaugeMetric<never>, value: (evaluation: Evaluation) => number): void =>
    registerReader(registry, metric, () => {
      const evaluation = latest();
      return evaluation === null ? null : value(evaluation);
    });
  read(shippedMetrics.monitorFailedRules, ({ failed }) => failed.length);
  read(shippedMetrics.monitorSeries, ({ series }) => series);
  read(shippedMetrics.monitorRefusedSamples, ({ refused }) => refused);
  read(shippedMetrics.monitorDuration, ({ tookMs }) => tookMs / 1000);
}

/** Counts what becomes of alerts, and of what receivers are told. */
export function countAlerting(
  registry: Registry,
  receivers: readonly string[],
): (event: AlertingEvent) => void {
  const { changes, deliveries, refused, storeAway } = registerMetrics(registry, {
    changes: shippedMetrics.alertChanges,
    deliveries: shippedMetrics.alertDeliveries,
    refused: shippedMetrics.alertsRefused,
    storeAway: shippedMetrics.alertStoreAway,
  });
  for (const receiver of receivers) deliveries.labels({ receiver, outcome: "dead" });
  return (event) => {
    switch (event.kind) {
      case "alert":
        return changes.labels({ what: event.what }).inc();
      case "delivery": {
        const outcome = event.isDead ? "dead" : event.outcome;
        return deliveries.labels({ receiver: event.notification.receiver, outcome }).inc();
      }
      case "refused":
        return refused.inc(event.count);
      case "store":
        return storeAway.set(event.isAway ? 1 : 0);
    }
  };
}
