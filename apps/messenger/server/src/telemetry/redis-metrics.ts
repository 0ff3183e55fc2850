import type { Clock } from "@rempart/kernel";
import { type GaugeMetric, registerMetrics, registerReader, shippedMetrics } from "@rempart/observability";
import type { Registry } from "prom-client";
import { Growth } from "./growth.ts";
import { sharedLook } from "./shared-look.ts";

export interface RedisMetricPorts {
  readonly registry: Registry;
  readonly clock: Clock;
  /** What `INFO` answers. */
  readonly info: () => Promise<string>;
}

/** How Redis stands, asked when the metrics are read. */
export function readRedis({ registry, clock, info }: RedisMetricPorts): void {
  const { commands } = registerMetrics(registry, { commands: shippedMetrics.redisCommands });
  const processed = new Growth();
  const look = sharedLook(clock, async () => {
    const state = numbersIn(await info());
    commands.inc(processed.since(state.get("total_commands_processed") ?? 0));
    return state;
  });
  const read = (metric: GaugeMetric<never>, field: string): void =>
    registerReader(registry, metric, async () => (await look())?.get(field) ?? null);
  registerReader(registry, shippedMetrics.redisUp, async () => ((await look()) === undefined ? 0 : 1));
  read(shippedMetrics.redisMemory, "used_memory");
  read(shippedMetrics.redisMemoryLimit, "maxmemory");
  read(shippedMetrics.redisClients, "connected_clients");
}

function numbersIn(info: string): Map<string, number> {
  const fields = info.matchAll(/^(?<name>[a-z_]+):(?<value>\d+)\r?$/gm);
  return new Map(Array.from(fields, ({ groups }) => [groups?.name ?? "", Number(groups?.value)]));
}
