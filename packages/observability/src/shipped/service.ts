import { alert } from "../objectives/rule.ts";
import { type Run, type Scenario, series } from "../objectives/scenario.ts";
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
  quantile,
  rate,
  ratio,
  secondsSince,
  sumBy,
} from "../rules/builders.ts";
import {
  backupLastSuccess,
  clockSkew,
  databaseConnections,
  databaseMaxConnections,
  databaseUp,
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
  redisUp,
  up,
} from "./metrics.ts";

const errors = counterOf(httpRequests, { status: { startsWith: "5" } });
const requests = counterOf(httpRequests);
const messageRate = sumBy([], rate(counterOf(messagesSent), "5m"));

/** At `usual`, then for twenty minutes at `wrong`, then as before. */
function gaugeScenario(metric: { readonly name: string }, usual: number, wrong: number): Scenario {
  const away = wrong - usual;
  const runs: Run[] = [
    [5, 0],
    [1, away],
    [19, 0],
    [1, -away],
    [10, 0],
  ];
  return { every: "1m", series: [series(metric, {}, usual, ...runs)], firesAt: "15m", resolvedAt: "27m" };
}

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
    name: "ApplicationDown",
    expression: compare(gaugeOf(up), "==", 0),
    for: "2m",
    severity: "critical",
    summary: "A process does not answer its scrape.",
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
    name: "BackupFailed",
    expression: above(secondsSince(gaugeOf(backupLastSuccess)), 600),
    severity: "critical",
    component: "backup",
    summary: "There is no backup of the last ten minutes.",
    runbook: "backup-failed",
    scenario: {
      every: "1m",
      series: [series(backupLastSuccess, {}, 0, [20, 0], [1, 1_260], [9, 0])],
      firesAt: "15m",
      resolvedAt: "25m",
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
    scenario: {
      ...gaugeScenario(diskAvailable, 400, 50),
      series: [...gaugeScenario(diskAvailable, 400, 50).series, series(diskSize, {}, 1_000, [36, 0])],
    },
  }),
  alert({
    name: "DatabaseDown",
    expression: compare(gaugeOf(databaseUp), "==", 0),
    for: "1m",
    severity: "critical",
    summary: "The database does not answer.",
    runbook: "database-down",
    component: "database",
    scenario: gaugeScenario(databaseUp, 1, 0),
  }),
  alert({
    name: "RedisDown",
    expression: compare(gaugeOf(redisUp), "==", 0),
    for: "2m",
    severity: "warning",
    summary: "Redis does not answer: processes hear of each other late, and each counts limits alone.",
    runbook: "redis-down",
    component: "redis",
    scenario: gaugeScenario(redisUp, 1, 0),
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
    scenario: {
      ...gaugeScenario(databaseConnections, 10, 95),
      series: [
        ...gaugeScenario(databaseConnections, 10, 95).series,
        series(databaseMaxConnections, {}, 100, [36, 0]),
      ],
    },
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
];
