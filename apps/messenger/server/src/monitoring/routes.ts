import type { Route, RouteTree } from "@rempart/observability";
import { LOG, type MonitoringConfig } from "./variables.ts";

const HOUR_MS = 3_600_000;

type Told = Pick<MonitoringConfig, "critical" | "warning" | "groupWaitMs">;

/** Who is told of what: critical alerts soon and again every hour, warnings with others of their kind, the rest to the log. */
export function routesOf({ critical, warning, groupWaitMs }: Told): RouteTree {
  const soon = { where: { severity: "critical" }, groupWaitMs, repeatMs: HOUR_MS };
  const later = { where: { severity: "warning" }, groupWaitMs: 6 * groupWaitMs, repeatMs: 12 * HOUR_MS };
  return {
    receiver: LOG,
    groupBy: ["component"],
    routes: [...toEach(critical, soon), ...toEach(warning, later)],
  };
}

function toEach(receivers: readonly string[], route: Route): Route[] {
  return receivers.map((receiver) => ({ ...route, receiver, continue: true }));
}
