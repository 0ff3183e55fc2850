/** Ticks of the monitor as it runs in an application: collecting here, evaluating in its thread. Time is made. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@rempart/kernel";
import { type Evaluation, startMonitor } from "@rempart/observability";
import { silentLogger } from "@rempart/runtime";
import { Registry } from "prom-client";
import { fill, GROUP, type Move } from "./world.ts";

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

/** The load between two ticks. */
type Between = (move: Move) => void | Promise<void>;

/** All of it at once: one tick follows the other without a pause. */
export const atOnce: Between = (move) => move();

const PARTS = 100;

/** In parts, each as long as a request, for half a second: what a tick leaves to do is done before the next. */
export const inParts: Between = async (move) => {
  for (let part = 0; part < PARTS; part += 1) {
    move(part, PARTS);
    await sleep(5);
  }
};

export async function measureTicks(between: Between): Promise<Ticks> {
  const registry = new Registry();
  const move = fill(registry);
  let elapsed = 0;
  const clock: Clock = { now: () => 1_790_000_000_000 + elapsed, monotonic: () => elapsed };
  await using monitor = startMonitor({
    own: { registry, job: "bench", instance: "one" },
    groups: [GROUP],
    everyMs: null,
    maxSeries: 6_000,
    clock,
    log: silentLogger,
  });
  const tick = async (): Promise<number> => {
    await monitor.tick();
    elapsed += EVERY_MS;
    return (monitor.latest() as Evaluation).tookMs;
  };
  for (let ticks = 0; ticks < BEFORE; ticks += 1) {
    await tick();
    move();
  }
  const evaluations: number[] = [];
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const used = process.threadCpuUsage();
  while (evaluations.length < MEASURED) {
    evaluations.push(await tick());
    await between(move);
  }
  delays.disable();
  const { user, system } = process.threadCpuUsage(used);
  const { series, results, failed } = monitor.latest() as Evaluation;
  return {
    series,
    rules: results.length,
    evaluations,
    stallMs: delays.max / 1e6,
    cpuMs: (user + system) / 1e3 / MEASURED,
    failed: failed.length,
  };
}
