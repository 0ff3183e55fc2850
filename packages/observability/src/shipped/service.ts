import { alert } from "../objectives/rule.ts";
import { series } from "../objectives/scenario.ts";
import { zscore } from "../rules/bands.ts";
import {
  above,
  abs,
  arithmetic,
  below,
  both,
  changes,
  compare,
  counterOf,
  either,
  gaugeOf,
  increase,
  maxBy,
  overTime,
  quantile,
  rate,
  ratio,
  sumBy,
} from "../rules/builders.ts";
import {
  circuitOpen,
  clockSkew,
  databaseConnections,
  databaseMaxConnections,
  dataDirectoryAvailable,
  dataDirectorySize,
  diskAvailable,
  diskSize,
  eventLoopLag,
  httpDuration,
  httpRequests,
  messagesSent,
  processStart,
  queueMessages,
  targetUp,
  up,
  upstreamAnswers,
  websocketConnections,
} from "./metrics.ts";
import { beside, gaugeScenario } from "./scenarios.ts";

const sockets = sumBy([], gaugeOf(websocketConnections));
const usualSockets = overTime("avg", sockets, { window: "1h", step: "1m" });
const errors = counterOf(httpRequests, { status: { startsWith: "5" } });
const requests = counterOf(httpRequests);
const attempts = sumBy(["upstream"], increase(counterOf(upstreamAnswers), "5m"));
const failedAttempts = sumBy(
  ["upstream"],
  increase(counterOf(upstreamAnswers, { answer: { oneOf: ["5xx", "none"] } }), "5m"),
);
const messageRate = sumBy([], rate(counterOf(messagesSent), "5m"));

export const SERVICE_RULES = [
  alert({
    name: "HighErrorRate",
    expression: both(
      above(ratio(sumBy([], increase(errors, "5m")), sumBy([], increase(requests, "5m"))), 0.05),
      compare(sumBy([], increase(requests, "5m")), ">=", 20),
    ),
    for: "5m",
    severity: "critical",
    summary: "More than 5 % of requests fail.",
    runbook: "high-error-rate",
    scenario: {
      every: "1m",
      series: [
        series(httpRequests, { method: "GET", route: "/", status: "200" }, 0, [40, 90]),
        series(httpRequests, { method: "GET", route: "/", status: "500" }, 0, [20, 10], [20, 0]),
      ],
      firesAt: "10m",
      resolvedAt: "30m",
    },
  }),
  alert({
    name: "MostRequestsFail",
    expression: both(
      above(ratio(sumBy([], increase(errors, "1m")), sumBy([], increase(requests, "1m"))), 0.5),
      compare(sumBy([], increase(requests, "1m")), ">=", 20),
    ),
    for: "30s",
    severity: "critical",
    summary: "More than half of the requests fail: nobody can work.",
    runbook: "high-error-rate",
    scenario: {
      every: "15s",
      series: [
        series(httpRequests, { method: "GET", route: "/", status: "200" }, 0, [20, 20], [40, 0], [20, 20]),
        series(httpRequests, { method: "GET", route: "/", status: "500" }, 0, [20, 0], [40, 20], [20, 0]),
      ],
      firesAt: "10m",
      resolvedAt: "18m",
    },
  }),
  alert({
    name: "ErrorRateElevated",
    expression: both(
      above(ratio(sumBy([], increase(errors, "15m")), sumBy([], increase(requests, "15m"))), 0.01),
      compare(sumBy([], increase(requests, "15m")), ">=", 200),
    ),
    for: "5m",
    severity: "warning",
    summary: "More than 1 % of requests fail.",
    runbook: "high-error-rate",
    scenario: {
      every: "1m",
      series: [
        series(httpRequests, { method: "GET", route: "/", status: "200" }, 0, [60, 98]),
        series(httpRequests, { method: "GET", route: "/", status: "500" }, 0, [25, 2], [35, 0]),
      ],
      firesAt: "15m",
      resolvedAt: "50m",
    },
  }),
  alert({
    name: "ApplicationDown",
    expression: compare(gaugeOf(up, { job: { not: "prometheus" } }), "==", 0),
    for: "2m",
    severity: "critical",
    summary: "A process does not answer its scrape.",
    runbook: "application-down",
    scenario: gaugeScenario(up, 1, 0),
  }),
  alert({
    name: "ServiceDown",
    expression: compare(maxBy(["job"], gaugeOf(up, { job: { not: "prometheus" } })), "==", 0),
    for: "30s",
    severity: "critical",
    summary: "No process of a service answers.",
    runbook: "application-down",
    scenario: gaugeScenario(up, 1, 0),
  }),
  alert({
    name: "HighResponseTime",
    expression: above(quantile(0.95, httpDuration, { window: "5m" }), 1),
    for: "10m",
    severity: "warning",
    summary: "One request in twenty takes more than a second.",
    runbook: "high-api-latency",
    scenario: {
      every: "1m",
      series: [
        series("http_request_duration_seconds_bucket", { le: "1" }, 0, [25, 80], [25, 100]),
        series("http_request_duration_seconds_bucket", { le: "2.5" }, 0, [50, 100]),
        series("http_request_duration_seconds_bucket", { le: "+Inf" }, 0, [50, 100]),
      ],
      firesAt: "20m",
      resolvedAt: "35m",
    },
  }),
  alert({
    name: "DiskSpaceLow",
    expression: either(
      below(ratio(gaugeOf(diskAvailable), gaugeOf(diskSize)), 0.1),
      below(ratio(gaugeOf(dataDirectoryAvailable), gaugeOf(dataDirectorySize)), 0.1),
    ),
    for: "5m",
    severity: "warning",
    component: "host",
    summary: "Less than 10 % of a disk is left.",
    runbook: "disk-space-low",
    scenario: beside(gaugeScenario(diskAvailable, 400, 50), diskSize, 1_000),
  }),
  alert({
    name: "DatabaseSaturated",
    expression: above(
      // Several processes may tell of one database.
      ratio(
        sumBy(["instance"], gaugeOf(databaseConnections)),
        maxBy(["instance"], gaugeOf(databaseMaxConnections)),
      ),
      0.8,
    ),
    for: "5m",
    severity: "warning",
    component: "database",
    summary: "Fewer than 20 % of the database's connections are free.",
    runbook: "database-saturation",
    scenario: beside(gaugeScenario(databaseConnections, 10, 95), databaseMaxConnections, 100),
  }),
  alert({
    name: "QueueBacklog",
    expression: above(gaugeOf(queueMessages), 5_000),
    for: "5m",
    severity: "warning",
    component: "jobs",
    summary: "More than 5,000 jobs wait in a queue.",
    runbook: "queue-backlog",
    scenario: gaugeScenario(queueMessages, 10, 6_000),
  }),
  alert({
    name: "EventLoopLag",
    expression: above(gaugeOf(eventLoopLag), 0.25),
    for: "5m",
    severity: "warning",
    summary: "A process answers late because something computes for too long.",
    runbook: "event-loop-lag",
    scenario: gaugeScenario(eventLoopLag, 0, 0.5),
  }),
  alert({
    name: "RestartLoop",
    expression: above(changes(gaugeOf(processStart), "15m"), 2),
    severity: "critical",
    summary: "A process started anew three times within a quarter of an hour.",
    runbook: "restart-loop",
    scenario: {
      every: "1m",
      series: [series(processStart, {}, 0, [5, 0], [4, 60], [30, 0])],
      firesAt: "10m",
      resolvedAt: "30m",
    },
  }),
  alert({
    name: "ClockSkewed",
    expression: above(abs(gaugeOf(clockSkew)), 1),
    for: "5m",
    severity: "warning",
    component: "host",
    summary: "The clock is more than a second from the database's.",
    runbook: "clock-skew",
    scenario: gaugeScenario(clockSkew, 0, -3),
  }),
  alert({
    name: "GatewayTargetDown",
    expression: compare(gaugeOf(targetUp), "==", 0),
    for: "2m",
    severity: "warning",
    component: "gateway",
    summary: "A target of the gateway gets no requests: its checks found it down, or it was ejected.",
    runbook: "gateway-target",
    scenario: gaugeScenario(targetUp, 1, 0, { upstream: "web", target: "one:443" }),
  }),
  alert({
    name: "GatewayUpstreamDown",
    expression: compare(maxBy(["instance", "upstream"], gaugeOf(targetUp)), "==", 0),
    for: "30s",
    severity: "critical",
    component: "gateway",
    summary: "No target of an upstream gets requests: the gateway refuses all that are for it.",
    runbook: "gateway-target",
    scenario: gaugeScenario(targetUp, 1, 0, { upstream: "web", target: "one:443" }),
  }),
  alert({
    name: "GatewayUpstreamErrors",
    expression: both(above(ratio(failedAttempts, attempts), 0.05), compare(attempts, ">=", 20)),
    for: "5m",
    severity: "warning",
    component: "gateway",
    summary: "More than 5 % of what the gateway asks of an upstream fails, or is not answered.",
    runbook: "gateway-target",
    scenario: {
      every: "1m",
      series: [
        series(upstreamAnswers, { upstream: "web", answer: "2xx" }, 0, [40, 90]),
        series(upstreamAnswers, { upstream: "web", answer: "none" }, 0, [20, 10], [20, 0]),
      ],
      firesAt: "10m",
      resolvedAt: "30m",
    },
  }),
  alert({
    name: "GatewayCircuitOpen",
    expression: compare(gaugeOf(circuitOpen), "==", 1),
    for: "2m",
    severity: "critical",
    component: "gateway",
    summary: "The gateway refuses all requests for an upstream: too many of them failed.",
    runbook: "gateway-target",
    scenario: gaugeScenario(circuitOpen, 0, 1, { upstream: "web" }),
  }),
];

export const BUSINESS_RULES = [
  alert({
    name: "MessagesUnusual",
    expression: above(abs(zscore(messageRate, { window: "1h", step: "1m", floor: 0.5 })), 4),
    for: "2m",
    severity: "info",
    component: "messaging",
    summary: "Far more or far fewer messages are sent than within the last hour.",
    runbook: "unusual-traffic",
    scenario: {
      every: "1m",
      series: [series(messagesSent, { kind: "application" }, 0, [60, 600], [10, 6_000], [70, 600])],
      firesAt: "65m",
      resolvedAt: "125m",
    },
  }),
  alert({
    name: "MessagesStopped",
    expression: both(
      compare(sumBy([], increase(counterOf(messagesSent), "15m")), "==", 0),
      above(arithmetic(sumBy([], increase(counterOf(messagesSent), "6h")), "/", 24), 20),
    ),
    for: "5m",
    severity: "warning",
    component: "messaging",
    summary: "No message was sent for a quarter of an hour, in a time when there were many.",
    runbook: "messages-stopped",
    scenario: {
      every: "1m",
      series: [series(messagesSent, { kind: "application" }, 0, [60, 60], [40, 0], [10, 60])],
      firesAt: "85m",
      resolvedAt: "105m",
    },
  }),
  alert({
    name: "ConnectionsLost",
    expression: both(below(sockets, arithmetic(usualSockets, "/", 2)), above(usualSockets, 20)),
    for: "2m",
    severity: "warning",
    component: "messaging",
    summary: "Fewer than half of the WebSockets of the last hour are open.",
    runbook: "connections-lost",
    scenario: {
      every: "1m",
      series: [series(websocketConnections, {}, 100, [60, 0], [1, -90], [9, 0], [1, 90], [10, 0])],
      firesAt: "65m",
      resolvedAt: "75m",
    },
  }),
];
