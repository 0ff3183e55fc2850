import { type Route, type RouteTree, WATCHDOG } from "@rempart/observability";
import { LOG, type MonitoringConfig } from "./variables.ts";

const HOUR_MS = 3_600_000;

type Told = Pick<
  MonitoringConfig,
  "critical" | "escalation" | "warning" | "info" | "groupWaitMs" | "heartbeats" | "heartbeatMs"
>;

/** Who is told of what: critical alerts soon and again every hour, warnings with others of their kind. */
export function routesOf(told: Told): RouteTree {
  const { critical, escalation, warning, info, groupWaitMs, heartbeats, heartbeatMs } = told;
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
    routes: [beatingTo(heartbeats, heartbeatMs), ...urgent, ...toEach(warning, later), ...toEach(info, some)],
  };
}

/** Alertmanager looks whether to repeat once in a group's interval: a beat is late by as much at most. */
const LOOK_MS = 10_000;

/** What always fires is for those who expect it, and for nobody else. */
function beatingTo(heartbeats: readonly string[], everyMs: number): Route {
  const beat = { groupWaitMs: 0, groupIntervalMs: LOOK_MS, repeatMs: everyMs };
  return {
    where: { alertname: WATCHDOG },
    receiver: LOG,
    ...(heartbeats.length === 0 ? {} : { routes: toEach(heartbeats, beat) }),
  };
}

function toEach(receivers: readonly string[], route: Route): Route[] {
  return receivers.map((receiver) => ({ ...route, receiver, continue: true }));
}
