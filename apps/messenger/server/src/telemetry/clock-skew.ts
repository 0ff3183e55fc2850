import type { Queryable } from "@rempart/database";
import type { Clock } from "@rempart/kernel";
import { registerReader, shippedMetrics } from "@rempart/observability";
import type { Registry } from "prom-client";
import { soon } from "./shared-look.ts";

export interface ClockSkewPorts {
  readonly registry: Registry;
  readonly database: Queryable;
  readonly clock: Clock;
}

/** The answer is right to half the way there and back: one that took longer says nothing about seconds. */
const LONGEST_WAY_MS = 1_000;

/** Compares this process's clock with the database's, asked when the metrics are read. Positive: ours is ahead. */
export function readClockSkew({ registry, database, clock }: ClockSkewPorts): void {
  registerReader(registry, shippedMetrics.clockSkew, async () => {
    const asked = clock.monotonic();
    const [row] = await soon(database.query<{ time: Date }>("SELECT clock_timestamp() AS time"));
    const way = clock.monotonic() - asked;
    if (row === undefined || way > LONGEST_WAY_MS) return null;
    return (clock.now() - way / 2 - row.time.getTime()) / 1000;
  });
}
