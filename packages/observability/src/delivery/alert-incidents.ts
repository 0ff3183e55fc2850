import type { NotifiedAlert } from "../alerting/notification.ts";
import type { DeliveryStore } from "./store.ts";

/**
 * Until an incident is somebody's decision, a critical alert is one from its first notification to its last: tell it every
 * alert, as often as it is told to anybody. One alert that fires twice is two incidents.
 */
export function alertIncidents(
  store: DeliveryStore,
  environment: string,
): (alert: NotifiedAlert) => Promise<void> {
  return async (alert) => {
    if (alert.severity !== "critical") return;
    const id = `alert-${alert.fingerprint}-${alert.firingSince}`;
    const { name: title, firingSince: openedAt } = alert;
    await store.open({ id, environment, title, openedAt, deployment: null });
    if (alert.state === "resolved") await store.close(id, alert.resolvedAt ?? openedAt);
  };
}
