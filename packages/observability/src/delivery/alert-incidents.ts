import type { AlertView } from "../alerting/view.ts";
import type { DeliveryStore } from "./store.ts";

export type SeenAlert = Pick<
  AlertView,
  "fingerprint" | "rule" | "severity" | "phase" | "firingAt" | "resolvedAt"
>;

/**
 * Until an incident is somebody's decision, a critical alert is one for as long as it fires: tell it of all alerts, as often
 * as they are looked at. One that fires twice is two incidents. What was written already costs nothing, and is harmless
 * when another process writes it too, also by another clock: of an alert one incident goes on at a time.
 */
export function alertIncidents(
  store: Pick<DeliveryStore, "open" | "closeAbout">,
  environment: string,
): (alerts: readonly SeenAlert[]) => Promise<void> {
  let written = new Map<string, SeenAlert["phase"]>();
  return async (alerts) => {
    const present = new Map<string, SeenAlert["phase"]>();
    for (const { fingerprint, rule: title, severity, phase, firingAt, resolvedAt } of alerts) {
      if (severity !== "critical" || phase === "pending" || firingAt === null) continue;
      const id = `alert-${fingerprint}-${firingAt}`;
      if (!written.has(id))
        await store.open({ id, environment, title, openedAt: firingAt, deployment: null }, fingerprint);
      if (phase === "resolved" && written.get(id) !== phase)
        await store.closeAbout(environment, fingerprint, resolvedAt ?? firingAt);
      present.set(id, phase);
      written.set(id, phase);
    }
    written = present;
  };
}
