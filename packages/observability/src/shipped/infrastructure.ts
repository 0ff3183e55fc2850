/** What an application stands on: database, Redis, machine. */
import { alert } from "../objectives/rule.ts";
import { series } from "../objectives/scenario.ts";
import {
  above,
  arithmetic,
  avgBy,
  below,
  compare,
  counterOf,
  gaugeOf,
  increase,
  rate,
  ratio,
  sumBy,
  sumOf,
} from "../rules/builders.ts";
import {
  databaseCacheHits,
  databaseDeadlocks,
  databaseLongestTransaction,
  databasePool,
  databaseReplicationLag,
  databaseSlowStatements,
  databaseUp,
  garbageCollection,
  machineCpu,
  machineMemory,
  machineMemoryAvailable,
  redisMemory,
  redisMemoryLimit,
  redisUp,
} from "./metrics.ts";
import { beside, burstScenario, gaugeScenario } from "./scenarios.ts";

const busyProcessors = arithmetic(
  arithmetic(avgBy(["instance"], rate(counterOf(machineCpu, { mode: "idle" }), "5m")), "*", -1),
  "+",
  1,
);

export const DATABASE_RULES = [
  alert({
    name: "DatabaseDown",
    expression: compare(gaugeOf(databaseUp), "==", 0),
    for: "1m",
    severity: "critical",
    component: "database",
    summary: "The database does not answer.",
    runbook: "database-down",
    scenario: gaugeScenario(databaseUp, 1, 0),
  }),
  alert({
    name: "DatabaseReplicationLag",
    expression: above(gaugeOf(databaseReplicationLag), 30),
    for: "5m",
    severity: "warning",
    component: "database",
    summary:
      "A replica is more than half a minute behind: what is read there is old, and would be lost with the primary.",
    runbook: "database-replication-lag",
    scenario: gaugeScenario(databaseReplicationLag, 0, 90, { replica: "two" }),
  }),
  alert({
    name: "DatabaseDeadlocks",
    expression: above(increase(counterOf(databaseDeadlocks), "15m"), 3),
    severity: "warning",
    component: "database",
    summary: "Transactions lock one another out again and again.",
    runbook: "database-locks",
    scenario: burstScenario(databaseDeadlocks, 8, "25m"),
  }),
  alert({
    name: "DatabaseLongTransaction",
    expression: above(gaugeOf(databaseLongestTransaction), 900),
    for: "5m",
    severity: "warning",
    component: "database",
    summary:
      "A transaction is open for a quarter of an hour: it holds locks, and nothing dead is cleaned up.",
    runbook: "database-locks",
    scenario: gaugeScenario(databaseLongestTransaction, 1, 1_200),
  }),
  alert({
    name: "DatabaseCacheMisses",
    expression: below(gaugeOf(databaseCacheHits), 0.9),
    for: "10m",
    severity: "info",
    component: "database",
    summary:
      "More than one block in ten is read from the disk: the database has too little memory, or reads too much.",
    runbook: "database-slow",
    scenario: { ...gaugeScenario(databaseCacheHits, 0.99, 0.5), firesAt: "20m" },
  }),
  alert({
    name: "DatabaseSlowStatements",
    expression: above(gaugeOf(databaseSlowStatements), 0),
    for: "10m",
    severity: "info",
    component: "database",
    summary: "Some statements take more than a second on average.",
    runbook: "database-slow",
    scenario: { ...gaugeScenario(databaseSlowStatements, 0, 2), firesAt: "20m" },
  }),
  alert({
    name: "DatabasePoolExhausted",
    expression: above(gaugeOf(databasePool, { state: "waiting" }), 0),
    for: "2m",
    severity: "warning",
    component: "database",
    summary: "Callers wait for a connection: all of the pool's are in use.",
    runbook: "database-saturation",
    scenario: gaugeScenario(databasePool, 0, 12, { state: "waiting" }),
  }),
];

export const PLATFORM_RULES = [
  alert({
    name: "RedisDown",
    expression: compare(gaugeOf(redisUp), "==", 0),
    for: "2m",
    severity: "warning",
    component: "redis",
    summary: "Redis does not answer: processes hear of each other late, and each counts limits alone.",
    runbook: "redis-down",
    scenario: gaugeScenario(redisUp, 1, 0),
  }),
  alert({
    name: "RedisMemoryHigh",
    // Without a limit (0) there is nothing to come near to.
    expression: above(ratio(gaugeOf(redisMemory), above(gaugeOf(redisMemoryLimit), 0)), 0.9),
    for: "5m",
    severity: "warning",
    component: "redis",
    summary: "Redis has used 90 % of the memory it may have: it will refuse writes, or forget.",
    runbook: "redis-memory",
    scenario: beside(gaugeScenario(redisMemory, 100, 950), redisMemoryLimit, 1_000),
  }),
  alert({
    name: "GarbageCollectionHigh",
    expression: above(sumBy(["job", "instance"], rate(sumOf(garbageCollection), "5m")), 0.2),
    for: "5m",
    severity: "warning",
    summary: "A process spends a fifth of its time with garbage: it is short of memory.",
    runbook: "event-loop-lag",
    scenario: {
      every: "1m",
      series: [series("nodejs_gc_duration_seconds_sum", { kind: "major" }, 0, [5, 1], [15, 30], [15, 1])],
      firesAt: "15m",
      resolvedAt: "30m",
    },
  }),
  alert({
    name: "HostCPUHigh",
    expression: above(busyProcessors, 0.8),
    for: "15m",
    severity: "warning",
    component: "host",
    summary: "The processors of a machine are busy for more than 80 % of the time.",
    runbook: "host-saturation",
    scenario: {
      every: "1m",
      series: [series(machineCpu, { cpu: "0", mode: "idle" }, 0, [5, 50], [30, 5], [15, 50])],
      firesAt: "30m",
      resolvedAt: "45m",
    },
  }),
  alert({
    name: "HostMemoryLow",
    expression: below(ratio(gaugeOf(machineMemoryAvailable), gaugeOf(machineMemory)), 0.1),
    for: "5m",
    severity: "warning",
    component: "host",
    summary: "Less than 10 % of a machine's memory is left.",
    runbook: "host-saturation",
    scenario: beside(gaugeScenario(machineMemoryAvailable, 500, 50), machineMemory, 1_000),
  }),
];
