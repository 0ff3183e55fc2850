import { join } from "node:path";
import type { Audit, AuditEvent } from "@rempart/audit";
import type { Database } from "@rempart/database";
import {
  type BackupEngine,
  builtInEngine,
  type DrillRecord,
  drillEmbedded,
  drillSchedule,
  type Progress,
  type Repository,
  readDrills,
} from "@rempart/database/backup";
import { type Clock, explain } from "@rempart/kernel";
import type { Keyring } from "@rempart/keys";
import type { Component, Logger } from "@rempart/runtime";
import type { Registry } from "prom-client";
import { auditObjects } from "../audit/audit-log.ts";
import type { MessengerConfig } from "../config.ts";
import { erasureCheck } from "../storage/erasures.ts";
import { createDrillMetrics } from "../telemetry/drill-metrics.ts";
import { drillChecks, firstQuery } from "./checks.ts";

export interface DrillPorts {
  readonly repository: Repository;
  readonly keyring: Keyring;
  readonly engine: BackupEngine;
}

interface AskedDrill {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly place?: string;
}

/** Restores the messenger's newest backup beside everything else and proves it; with the messenger running or without one. */
export function drillMessenger(
  { database, dataDirectory }: MessengerConfig,
  { repository, keyring, engine }: DrillPorts,
  asked: AskedDrill = {},
): Promise<DrillRecord> {
  if (database.kind !== "embedded") throw new TypeError("only the embedded server's backups are drilled");
  const checks = [
    ...drillChecks({ envelopes: keyring, published: auditObjects(dataDirectory) }),
    erasureCheck({ repository, keyring }),
  ];
  const directory = join(database.directory, "postgres");
  return drillEmbedded({ repository, sealing: keyring }, { ...asked, engine, directory, firstQuery, checks });
}

export interface DrillLog {
  readonly audit: Pick<Audit, "record">;
  readonly database: Database;
}

/** Also of a drill that failed, and of that before anybody asks. */
export async function recordDrill({ audit, database }: DrillLog, record: DrillRecord): Promise<void> {
  await database.transaction((tx) => audit.record(tx, eventOf(record)));
}

function eventOf(record: DrillRecord): AuditEvent {
  const type = record.passed ? "backup.drill.passed" : "backup.drill.failed";
  if ("error" in record)
    return { type, resource: { type: "backup", id: "newest", metadata: { error: record.error } } };
  const { backup, recoveryTimeMs, recoveryPointMs, checks } = record;
  const failed = checks.filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
  const metadata = { recoveryTimeMs: Math.round(recoveryTimeMs), recoveryPointMs, failed };
  return { type, resource: { type: "backup", id: backup, metadata }, allow: Object.keys(metadata) };
}

interface SchedulePorts extends DrillLog {
  readonly repository: Repository;
  readonly keyring: Keyring;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A drill every week, counted and recorded. */
export function scheduledDrills(config: MessengerConfig, ports: SchedulePorts): Component {
  const { repository, keyring, clock, log } = ports;
  const metrics = createDrillMetrics(ports.registry);
  const vault = { repository, sealing: keyring };
  const engine = builtInEngine({ ...vault, clock, log });
  return drillSchedule({
    engine,
    clock,
    log,
    everyMs: config.backup.drillEveryMs,
    history: () => readDrills(vault),
    observe: (history) => metrics.know(history),
    async drill(signal) {
      const record = await drillMessenger(config, { repository, keyring, engine }, { signal });
      metrics.count(record);
      await recordDrill(ports, record).catch((error: unknown) =>
        log.error({ error: explain(error) }, "a drill was not recorded in the audit log"),
      );
      return record;
    },
  });
}
