import { LogReader, nodePrimitives, type ObjectStore } from "@rempart/audit";
import { treeHash } from "@rempart/audit/verify";
import type { Database } from "@rempart/database";
import type { Clock } from "@rempart/kernel";
import {
  type GaugeMetric,
  registerLabelledReader,
  registerMetrics,
  registerReader,
  shippedMetrics,
} from "@rempart/observability";
import type { Registry } from "prom-client";
import { sharedLook } from "../telemetry/shared-look.ts";

export interface AuditMetrics {
  finding(rule: string, response: string | null): void;
  dropped(count: number): void;
}

interface AuditMetricPorts {
  readonly registry: Registry;
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

/** How the audit log stands. What the database knows is asked when the metrics are read. */
export function createAuditMetrics(ports: AuditMetricPorts): AuditMetrics {
  const { findings, dropped } = registerMetrics(ports.registry, {
    findings: shippedMetrics.auditFindings,
    dropped: shippedMetrics.auditEventsDropped,
  });
  logGauges(ports);
  return {
    finding: (rule, response) => findings.labels({ rule, response: response ?? "none" }).inc(),
    dropped: (count) => dropped.inc(count),
  };
}

interface LogState {
  placed: number;
  published: number;
  head_at: Date | null;
  /** Of entries committed within a minute, which is what a sequencer that works can be behind. */
  waiting: number;
  sinks: { name: string; next_index: number }[];
}

const STATE = `
  SELECT (SELECT size FROM audit_sequence) AS placed,
         coalesce((SELECT max(size) FROM audit_checkpoints), 0) AS published,
         (SELECT created_at FROM audit_checkpoints ORDER BY size DESC LIMIT 1) AS head_at,
         (SELECT count(*) FROM audit_entries e WHERE e.created_at > now() - interval '1 minute'
            AND NOT EXISTS (SELECT FROM audit_leaves l WHERE l.entry_id = e.id)) AS waiting,
         coalesce((SELECT jsonb_agg(jsonb_build_object('name', name, 'next_index', next_index)) FROM audit_sinks),
           '[]') AS sinks`;

function logGauges({ registry, database, objects, clock }: AuditMetricPorts): void {
  const reader = new LogReader(objects, treeHash(nodePrimitives.sha256));
  const look = sharedLook(clock, async () => (await database.query<LogState>(STATE))[0]);
  const read = (metric: GaugeMetric<never>, value: (state: LogState) => number): void =>
    registerReader(registry, metric, async () => {
      const state = await look();
      return state === undefined ? null : value(state);
    });
  read(shippedMetrics.auditEntries, ({ placed }) => placed);
  read(shippedMetrics.auditUnpublished, unpublished);
  read(shippedMetrics.auditHeadAge, ({ head_at }) =>
    head_at === null ? 0 : (clock.now() - head_at.getTime()) / 1000,
  );
  registerReader(registry, shippedMetrics.auditHeadSize, async () => (await reader.head())?.size ?? 0);
  registerLabelledReader(registry, shippedMetrics.auditSinkLag, async () => {
    const { sinks = [], placed = 0 } = (await look()) ?? {};
    return sinks.map(({ name, next_index }) => ({ labels: { sink: name }, value: placed - next_index }));
  });
}

function unpublished({ placed, published, waiting }: LogState): number {
  return placed - published + waiting;
}
