import { backupSchedule, pruneSchedule, type Repository } from "@rempart/database/backup";
import type { Clock } from "@rempart/kernel";
import type { Component, Logger } from "@rempart/runtime";
import type { Registry } from "prom-client";
import type { MessengerConfig } from "../config.ts";
import { countBackups } from "../telemetry/backup-metrics.ts";
import { type OtherEngine, otherEngine } from "./other-engines.ts";

interface SchedulePorts {
  readonly repository: Repository;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ScheduledBackups extends AsyncDisposable {
  readonly engine: OtherEngine["engine"];
}

/** How much longer than its interval a dump may take until the next one is whole. */
const SLACK = 0.1;

/** Backups of a server of one's own: each process of the messenger keeps the schedule, and one of them does what is due. */
export async function scheduleBackups(
  config: MessengerConfig,
  name: "dump" | "pgbackrest",
  { repository, registry, clock, log }: SchedulePorts,
): Promise<ScheduledBackups> {
  const { everyMs } = config.backup;
  // Between two dumps nothing is taken.
  const gapMs = name === "dump" ? everyMs * (1 + SLACK) : 0;
  const observe = countBackups(registry, clock, gapMs);
  const other = await otherEngine(config, log, { name, observe });
  const engine = { ...other.engine, run: other.run };
  const parts: Component[] = [backupSchedule({ engine, everyMs, clock, log, observe, shared: repository })];
  const { prune } = other;
  if (prune !== null) parts.push(pruneSchedule({ prune: (signal) => prune({ signal }), log }));
  for (const part of parts) await part.start(new AbortController().signal);
  return {
    engine,
    async [Symbol.asyncDispose]() {
      await Promise.all(parts.map((part) => part.stop()));
      await other[Symbol.asyncDispose]();
    },
  };
}
