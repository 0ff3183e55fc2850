import type { Route, RouteTree } from "@rempart/observability";
import { LOG, type MonitoringConfig } from "./variables.ts";

const HOUR_MS = 3_600_000;

type Told = Pick<MonitoringConfig, "critical" | "escalation" | "warning" | "info" | "groupWaitMs">;

/** Who is told of what: critical alerts soon and again every hour, warnings with others of their kind. */
export function routesOf({ critical, escalation, warning, info, groupWaitMs }: Told): RouteTree {
  const soon = {
    where: { severity: "critical" },
    // What wakes somebody does not wait for the next word about its component.
    groupBy: ["component", "alertname"],
    groupWaitMs,
    repeatMs: HOUR_MS,
  };
  const later = { where: { severity: "warning" }, groupWaitMs: 6 * groupWaitMs, repeatMs: 12 * HOUR_MS };
  const some = { ...later, where: { severity: "info" } };
  const [first, ...others] = toEach(critical, soon);
  // Once for all who were told first: each route counts by itself.
  const urgent = first === undefined ? [] : [{ ...first, escalate: escalation }, ...others];
  return {
    receiver: LOG,
    groupBy: ["component"],
    routes: [...urgent, ...toEach(warning, later), ...toEach(info, some)],
  };
}

function toEach(receivers: readonly string[], route: Route): Route[] {
  return receivers.map((receiver) => ({ ...route, receiver, continue: true }));
}
