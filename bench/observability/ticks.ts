/** Ticks of the monitor as it runs in an application: collecting here, evaluating in its thread. Time is made. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "@rempart/kernel";
import { type Evaluation, startMonitor } from "@rempart/observability";
import { silentLogger } from "@rempart/runtime";
import { Registry } from "prom-client";
import { fill, GROUP } from "./world.ts";

const EVERY_MS = 15_000;
/** An hour and five minutes: what the widest window looks back on. */
const BEFORE = 260;
const MEASURED = 60;

export interface Ticks {
  readonly series: number;
  readonly rules: number;
  /** Milliseconds, of each tick. */
  readonly evaluations: readonly number[];
  /** The longest that the event loop of the application waited while all of that went on. */
  readonly stallMs: number;
  /** Milliseconds of the application's thread for a tick, the load between two ticks included. */
  readonly cpuMs: number;
  readonly failed: number;
}

export async function measureTicks(): Promise<Ticks> {
  const registry = new Registry();
  const move = fill(registry);
  let elapsed = 0;
  const clock: Clock = { now: () => 1_790_000_000_000 + elapsed, monotonic: () => elapsed };
  const tookMs: number[] = [];
  let used = process.threadCpuUsage();
  const { promise: done, resolve } = Promise.withResolvers<Evaluation>();
  const delays = monitorEventLoopDelay({ resolution: 1 });
  await using _ = startMonitor({
    own: { registry, job: "bench", instance: "one" },
    groups: [GROUP],
    everyMs: EVERY_MS,
    maxSeries: 6_000,
    clock,
    log: silentLogger,
    onEvaluation(evaluation) {
      tookMs.push(evaluation.tookMs);
      if (tookMs.length === BEFORE) {
        delays.enable();
        used = process.threadCpuUsage();
      }
      if (tookMs.length === BEFORE + MEASURED) resolve(evaluation);
      elapsed += EVERY_MS;
      move();
    },
  });
  // The monitor alone is no reason for a process to live.
  const alive = setInterval(() => {}, 1_000);
  const last = await done;
  clearInterval(alive);
  delays.disable();
  const { user, system } = process.threadCpuUsage(used);
  return {
    series: last.series,
    rules: last.results.length,
    evaluations: tookMs.slice(BEFORE),
    stallMs: delays.max / 1e6,
    cpuMs: (user + system) / 1e3 / MEASURED,
    failed: last.failed.length,
  };
}
