/** What prom-client and the exporters of Prometheus count, as far as the shipped dashboards show it and no shipped rule reads it. */
import { counter, gauge, histogram } from "../metrics/declare.ts";

const few = { limit: 20 };

export const processCpu = counter({
  name: "process_cpu_seconds_total",
  help: "Processor time that the process used.",
  unit: "seconds",
});

export const processMemory = gauge({
  name: "process_resident_memory_bytes",
  help: "Memory that the process holds.",
  unit: "bytes",
});

export const heapUsed = gauge({
  name: "nodejs_heap_size_used_bytes",
  help: "Of the memory, what objects of the program take.",
  unit: "bytes",
});

export const garbageCollection = histogram({
  name: "nodejs_gc_duration_seconds",
  help: "How long garbage was collected, by kind.",
  unit: "seconds",
  labels: { kind: few },
  buckets: [0.001, 0.01, 0.1, 1, 2, 5],
});

export const machineCpu = counter({
  name: "node_cpu_seconds_total",
  help: "What each processor spent its time on.",
  unit: "seconds",
  labels: { cpu: { limit: 256 }, mode: few },
});

export const machineMemoryAvailable = gauge({
  name: "node_memory_MemAvailable_bytes",
  help: "Memory that programs can still have.",
  unit: "bytes",
});

export const machineMemory = gauge({
  name: "node_memory_MemTotal_bytes",
  help: "Memory altogether.",
  unit: "bytes",
});
