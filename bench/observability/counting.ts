/** What it costs to count one request and to say so in the log, beside the bare libraries. */
import { createWriteStream } from "node:fs";
import { registerMetrics, shippedMetrics } from "@rempart/observability";
import { createLogger } from "@rempart/observability/telemetry";
import { pino } from "pino";
import { Counter, Histogram, Registry } from "prom-client";
import { median } from "../lib/report.ts";

const ROUNDS = 60;
const PER_ROUND = 5_000;

export interface Counting {
  /** Microseconds a request, medians of interleaved rounds. */
  readonly bound: number;
  readonly looked: number;
  readonly bare: number;
  /** Through the masking logger. */
  readonly line: number;
  readonly bareLine: number;
}

export async function measureCounting(): Promise<Counting> {
  const labels = { method: "GET", route: "/api/conversations/{id}", status: "200" };
  const { httpRequests, httpDuration } = shippedMetrics;
  const metrics = registerMetrics(new Registry(), { requests: httpRequests, seconds: httpDuration });
  const child = metrics.requests.labels(labels);
  const times = metrics.seconds.labels(labels);
  const bare = bareMetrics();
  const sink = createWriteStream("/dev/null");
  const log = createLogger({ level: "info", destinations: { application: sink } });
  const bareLog = pino(sink);
  const samples: Record<keyof Counting, number[]> = {
    bound: [],
    looked: [],
    bare: [],
    line: [],
    bareLine: [],
  };
  const bodies: Record<keyof Counting, (seconds: number) => void> = {
    bound(seconds) {
      child.inc();
      times.observe(seconds);
    },
    looked(seconds) {
      metrics.requests.labels(labels).inc();
      metrics.seconds.labels(labels).observe(seconds);
    },
    bare(seconds) {
      bare.requests.inc(labels);
      bare.seconds.observe({ method: labels.method, route: labels.route }, seconds);
    },
    line(seconds) {
      log.info({ ...labels, ms: seconds * 1_000 }, "request");
    },
    bareLine(seconds) {
      bareLog.info({ ...labels, ms: seconds * 1_000 }, "request");
    },
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of Object.keys(bodies) as (keyof Counting)[]) {
      const start = performance.now();
      for (let index = 0; index < PER_ROUND; index += 1) bodies[name]((index % 100) / 100);
      samples[name].push(((performance.now() - start) * 1_000) / PER_ROUND);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  sink.end();
  return {
    bound: median(samples.bound),
    looked: median(samples.looked),
    bare: median(samples.bare),
    line: median(samples.line),
    bareLine: median(samples.bareLine),
  };
}

function bareMetrics() {
  const registers = [new Registry()];
  return {
    requests: new Counter({
      name: "requests_total",
      help: "Bare.",
      labelNames: ["method", "route", "status"],
      registers,
    }),
    seconds: new Histogram({
      name: "request_duration_seconds",
      help: "Bare.",
      labelNames: ["method", "route"],
      buckets: [...shippedMetrics.httpDuration.buckets],
      registers,
    }),
  };
}
