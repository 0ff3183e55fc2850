import type { AlertRule } from "../../objectives/rule.ts";
import {
  arithmetic,
  counterOf,
  gaugeOf,
  increase,
  maxBy,
  quantile,
  rate,
  ratio,
  secondsSince,
  sumBy,
} from "../../rules/builders.ts";
import { SHIPPED_GROUPS } from "../../shipped/groups.ts";
import {
  httpDuration,
  httpRequests,
  processCpu,
  processMemory,
  processStart,
} from "../../shipped/metrics.ts";
import { type AlertPanelOptions, alertPanel, type Panel, panel } from "./dashboard.ts";

/** Long enough for four scrapes of a minute. */
export const LATELY = "5m";

/** Throws TypeError for a name that no shipped rule has: a panel whose alert was renamed is noticed at once. */
function shippedRule(name: string): AlertRule {
  const rule = SHIPPED_GROUPS.flatMap(({ rules }) => rules).find((one) => one.name === name);
  if (rule === undefined) throw new TypeError(`there is no shipped rule ${name}`);
  return rule;
}

export function shippedAlert(name: string, options: AlertPanelOptions): Panel {
  return alertPanel(shippedRule(name), options);
}

export const requestsByStatus = panel({
  title: "Requests by status",
  description: "Requests answered a second, by status.",
  unit: "reqps",
  queries: { "{{status}}": sumBy(["status"], rate(counterOf(httpRequests), LATELY)) },
});

export const errorShare = shippedAlert("HighErrorRate", {
  title: "Error rate",
  unit: "percentunit",
  legend: "failed",
});

const slow = shippedAlert("HighResponseTime", { title: "Response time", unit: "s", legend: "95 %" });

export const responseTimes: Panel = {
  ...slow,
  description: `How long half, 95 % and 99 % of the requests take at most. ${slow.description}`,
  queries: [
    { legend: "50 %", expression: quantile(0.5, httpDuration, { window: LATELY }) },
    ...slow.queries,
    { legend: "99 %", expression: quantile(0.99, httpDuration, { window: LATELY }) },
  ],
};

export const processorUse = panel({
  title: "Processor",
  description: "Processors that each process keeps busy.",
  unit: "percentunit",
  queries: { "{{job}} {{instance}}": rate(counterOf(processCpu), LATELY) },
});

export const memoryUse = panel({
  title: "Memory",
  description: "Memory that each process holds.",
  unit: "bytes",
  queries: { "{{job}} {{instance}}": gaugeOf(processMemory) },
});

export const eventLoop = shippedAlert("EventLoopLag", {
  title: "Event loop",
  unit: "s",
  legend: "{{job}} {{instance}}",
});

export const uptime = panel({
  title: "Up since",
  description: "Time since each process started.",
  view: "stat",
  unit: "dtdurations",
  queries: { "{{job}} {{instance}}": maxBy(["job", "instance"], secondsSince(gaugeOf(processStart))) },
});

/** Of all requests, those under the condition, by route. */
export const failuresByRoute = panel({
  title: "Errors by route",
  description: "Requests answered with 5xx a second, by route.",
  unit: "reqps",
  queries: {
    "{{route}}": sumBy(["route"], rate(counterOf(httpRequests, { status: { startsWith: "5" } }), LATELY)),
  },
});

export const refusedShare = panel({
  title: "Refused",
  description: "Share of requests answered with 4xx: mistakes of clients, limits and attacks.",
  unit: "percentunit",
  queries: {
    refused: ratio(
      sumBy([], increase(counterOf(httpRequests, { status: { startsWith: "4" } }), LATELY)),
      sumBy([], increase(counterOf(httpRequests), LATELY)),
    ),
  },
});

export const perMinute = (of: ReturnType<typeof sumBy>) => arithmetic(of, "*", 60);
