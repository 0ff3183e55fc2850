import type { Clock } from "@rempart/kernel";
import type { GatewaySettings } from "../config/schema.ts";
import { Upstream, type UpstreamEvent } from "../core/upstream/upstream.ts";
import { startChecks } from "./checks.ts";
import type { Target } from "./target.ts";
import { createTargets } from "./targets.ts";

/** How often waiting connections are looked at: a time-out comes this much later than said at most. */
const SWEEP_MS = 100;

export interface Upstreams extends Disposable {
  readonly byName: ReadonlyMap<string, Upstream<Target>>;
  /** Begins to ask for their health, and to give up what waits too long. */
  watch(): void;
}

/** Every upstream of a configuration, with the timers that serve them all. Dispose to cut their connections. */
export function createUpstreams(
  settings: Pick<GatewaySettings, "upstreams">,
  clock: Clock,
  observe: (event: UpstreamEvent) => void,
): Upstreams {
  const entries = Object.entries(settings.upstreams);
  const all = entries.map(
    ([name, own]) => new Upstream(name, own, createTargets(own, clock), clock, observe),
  );
  const targets = all.flatMap((upstream) => upstream.targets);
  let checks: readonly Disposable[] = [];
  let sweep: NodeJS.Timeout | undefined;
  return {
    byName: new Map(all.map((upstream) => [upstream.name, upstream])),
    watch() {
      checks = all.map(startChecks);
      sweep = setInterval(() => {
        const now = clock.monotonic();
        for (const target of targets) target.expire(now);
      }, SWEEP_MS);
      sweep.unref();
    },
    [Symbol.dispose]() {
      clearInterval(sweep);
      for (const check of checks) check[Symbol.dispose]();
      for (const target of targets) target.close();
    },
  };
}
