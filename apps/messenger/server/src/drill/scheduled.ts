import {
  type BackupEngine,
  type DrillRecord,
  drillAside,
  drillSchedule,
  type Repository,
  readDrills,
} from "@rempart/database/backup";
import { type Clock, explain } from "@rempart/kernel";
import type { Keyring } from "@rempart/keys";
import type { Component, Logger } from "@rempart/runtime";
import type { Registry } from "prom-client";
import type { MessengerConfig } from "../config.ts";
import { createDrillMetrics } from "../telemetry/drill-metrics.ts";
import { type DrillLog, recordDrill, sweepDrills } from "./drills.ts";

interface SchedulePorts extends DrillLog {
  /** Whose backups are drilled. */
  readonly engine: BackupEngine;
  readonly repository: Repository;
  readonly keyring: Keyring;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A drill every week in a process of its own, counted and recorded, whatever becomes of that. What killed ones left takes the room of
 * a database: it goes first.
 */
export async function scheduledDrills(config: MessengerConfig, ports: SchedulePorts): Promise<Component> {
  await sweepDrills(config);
  const { engine, repository, keyring, clock, log } = ports;
  const metrics = createDrillMetrics(ports.registry);
  const vault = { repository, sealing: keyring };
  return drillSchedule({
    engine,
    clock,
    log,
    shared: repository,
    everyMs: config.backup.drillEveryMs,
    history: () => readDrills(vault, engine.name),
    observe: (history) => metrics.know(history),
    async drill(signal) {
      const record = await drillInProcess(config, { ...vault, clock, signal });
      metrics.count(record);
      await recordDrill(ports, record).catch((error: unknown) =>
        log.error({ error: explain(error) }, "a drill was not recorded in the audit log"),
      );
      return record;
    },
  });
}

type Asked = Parameters<typeof drillAside>[0] & Pick<Parameters<typeof drillAside>[1], "clock" | "signal">;

/** The newest backup, by a process that reads the same configuration. */
export function drillInProcess(
  { variables, backup: { engine } }: MessengerConfig,
  { repository, sealing, ...asked }: Asked,
): Promise<DrillRecord> {
  const module = new URL("./process.ts", import.meta.url);
  const environment = { ...process.env, ...JSON.parse(variables.reveal()) };
  return drillAside({ repository, sealing }, { ...asked, module, engine, environment });
}
