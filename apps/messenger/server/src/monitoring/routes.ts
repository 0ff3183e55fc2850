import type { Route, RouteTree } from "@rempart/observability";
import { LOG, type MonitoringConfig } from "./variables.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Who is told of what: critical alerts soon and again every hour, warnings with others of their kind, the rest to the log. */
export function routesOf({ critical, warning }: Pick<MonitoringConfig, "critical" | "warning">): RouteTree {
  return {
    receiver: LOG,
    groupBy: ["component"],
    routes: [
      ...toEach(critical, { where: { severity: "critical" }, groupWaitMs: 10_000, repeatMs: HOUR_MS }),
      ...toEach(warning, { where: { severity: "warning" }, groupWaitMs: MINUTE_MS, repeatMs: 12 * HOUR_MS }),
    ],
  };
}

function toEach(receivers: readonly string[], route: Route): Route[] {
  return receivers.map((receiver) => ({ ...route, receiver, continue: true }));
}
