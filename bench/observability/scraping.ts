/** A page of 5,000 series, and how long others wait for it, beside prom-client's own. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { readRegistry, registryPage } from "@rempart/observability";
import { Registry } from "prom-client";
import { median } from "../lib/report.ts";
import { fill } from "./world.ts";

const ROUNDS = 40;

export interface Scraped {
  /** Milliseconds, the middle of the rounds. */
  readonly took: number;
  /** Milliseconds, the longest that the event loop waited in any round. */
  readonly stall: number;
}

export async function measureScrapes(): Promise<Readonly<Record<"page" | "bare" | "read", Scraped>>> {
  const registry = new Registry();
  const move = fill(registry);
  const page = () => registryPage(registry);
  const bare = () => registry.metrics();
  const read = () => readRegistry(registry);
  const bodies = { page, bare, read };
  const took = { page: [] as number[], bare: [] as number[], read: [] as number[] };
  const stall = { page: 0, bare: 0, read: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of Object.keys(bodies) as (keyof typeof bodies)[]) {
      move();
      const delays = monitorEventLoopDelay({ resolution: 1 });
      delays.enable();
      await sleep(5);
      delays.reset();
      const start = performance.now();
      await bodies[name]();
      took[name].push(performance.now() - start);
      await sleep(5);
      delays.disable();
      // The first rounds are spent on compiling.
      if (round > ROUNDS / 4) stall[name] = Math.max(stall[name], delays.max / 1e6);
    }
  }
  const of = (name: keyof typeof bodies): Scraped => ({ took: median(took[name]), stall: stall[name] });
  return { page: of("page"), bare: of("bare"), read: of("read") };
}
