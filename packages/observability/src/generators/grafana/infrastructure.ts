import { counterOf, gaugeOf, observationsOf, rate, sumBy } from "../../rules/builders.ts";
import {
  databaseConnections,
  databaseLongestTransaction,
  databasePool,
  databaseSlowStatements,
  garbageCollection,
  heapUsed,
  redisCommands,
  redisMemory,
} from "../../shipped/metrics.ts";
import { type Dashboard, panel } from "./dashboard.ts";
import { eventLoop, LATELY, memoryUse, processorUse, shippedAlert } from "./shared.ts";

export const INFRASTRUCTURE: Dashboard = {
  uid: "rempart-infrastructure",
  title: "Infrastructure",
  description: "Machines, processes, the database and what waits.",
  sections: [
    {
      title: "Machines",
      panels: [
        shippedAlert("HostCPUHigh", { title: "Processors", unit: "percentunit", legend: "{{instance}}" }),
        shippedAlert("HostMemoryLow", {
          title: "Memory available",
          unit: "percentunit",
          legend: "{{instance}}",
        }),
        shippedAlert("DiskSpaceLow", {
          title: "Disk left",
          unit: "percentunit",
          legend: "{{instance}} {{mountpoint}}",
        }),
      ],
    },
    {
      title: "Processes",
      panels: [
        shippedAlert("ApplicationDown", { title: "Up", unit: "short", legend: "{{job}} {{instance}}" }),
        shippedAlert("RestartLoop", {
          title: "Starts in 15 minutes",
          unit: "short",
          legend: "{{job}} {{instance}}",
        }),
        shippedAlert("ClockSkewed", { title: "Clock", unit: "s", legend: "{{instance}}" }),
        processorUse,
        memoryUse,
        eventLoop,
        panel({
          title: "Garbage collections",
          description: "Collections a second, by kind.",
          unit: "ops",
          queries: { "{{kind}}": sumBy(["kind"], rate(observationsOf(garbageCollection), LATELY)) },
        }),
        panel({
          title: "Heap",
          description: "Of the memory, what objects of the program take.",
          unit: "bytes",
          queries: { "{{job}} {{instance}}": gaugeOf(heapUsed) },
        }),
      ],
    },
    {
      title: "Database, Redis and queues",
      panels: [
        shippedAlert("DatabaseSaturated", {
          title: "Connections in use",
          unit: "percentunit",
          legend: "of those allowed",
        }),
        panel({
          title: "Connections",
          description: "Connections, by database.",
          unit: "short",
          queries: { "{{datname}}": sumBy(["datname"], gaugeOf(databaseConnections)) },
          runbooks: ["database-saturation"],
        }),
        shippedAlert("DatabaseCacheMisses", {
          title: "Cache hits",
          unit: "percentunit",
          legend: "{{instance}}",
        }),
        shippedAlert("DatabaseReplicationLag", {
          title: "Replicas behind",
          unit: "s",
          legend: "{{replica}}",
        }),
        panel({
          title: "Slow statements",
          description:
            "Statements that take more than a second on average, and the age of the oldest transaction.",
          unit: "short",
          queries: {
            statements: gaugeOf(databaseSlowStatements),
            "oldest transaction, seconds": gaugeOf(databaseLongestTransaction),
          },
          runbooks: ["high-api-latency"],
        }),
        panel({
          title: "Pool",
          description: "Connections of each process's pool, and callers that wait for one.",
          unit: "short",
          queries: { "{{instance}} {{state}}": gaugeOf(databasePool) },
          runbooks: ["database-saturation"],
        }),
        panel({
          title: "Redis",
          description: "Commands a second.",
          unit: "ops",
          queries: { "{{instance}}": rate(counterOf(redisCommands), LATELY) },
        }),
        panel({
          title: "Memory of Redis",
          description: "Memory that Redis has taken for its data.",
          unit: "bytes",
          queries: { "{{instance}}": gaugeOf(redisMemory) },
        }),
        shippedAlert("QueueBacklog", { title: "Jobs that wait", unit: "short", legend: "{{queue}}" }),
      ],
    },
  ],
};
