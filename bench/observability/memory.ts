/** What a day of 5,000 series takes, of those that the bench's service has. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Feed, History, readRegistry } from "@rempart/observability";
import { Registry } from "prom-client";
import { fill } from "./world.ts";

const STEP_MS = 15_000;
const DAY_STEPS = 5_760;

/** Mebibytes. */
export async function measureDay(): Promise<{ readonly mebibytes: number; readonly series: number }> {
  const registry = new Registry();
  const move = fill(registry);
  const before = held();
  const history = new History({ maxSeries: 6_000 });
  const feed = new Feed(history, { job: "bench" });
  for (let step = 0; step < DAY_STEPS; step += 1) {
    move();
    feed.take(await readRegistry(registry), 1_790_000_000_000 + step * STEP_MS);
  }
  return { mebibytes: (held() - before) / 2 ** 20, series: history.size };
}

function held(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
