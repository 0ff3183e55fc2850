import {
  type Audit,
  detectorSink,
  type ObjectStore,
  RULES,
  type Sink,
  type Suspicion,
  startForwarder,
} from "@rempart/audit";
import { type Bans, createBans } from "@rempart/edge";
import type { Identity } from "@rempart/identity";
import type { Registry } from "prom-client";
import { NetworkBans } from "../bans/network-bans.ts";
import type { AuditLogPorts } from "./audit-log.ts";
import { type AuditMetrics, createAuditMetrics } from "./audit-metrics.ts";
import { BackgroundRecorder } from "./background-recorder.ts";
import { createEdgeEvents, type EdgeEvents } from "./edge-events.ts";
import { createResponder } from "./responder.ts";

export interface AuditWatchOptions {
  readonly auditLog: { readonly audit: Audit; readonly published: ObjectStore };
  readonly identity: Pick<Identity, "administration">;
  readonly sinks: readonly Sink[];
  readonly registry: Registry;
}

/** What goes around the log: what the edge tells it, who reads along, and what is done about what they find. */
export interface AuditWatch {
  readonly edge: EdgeEvents;
  /** For the public edge. */
  readonly bans: Bans;
  /** Writes what the edge told, and ends the write of each sink that is under way. */
  stop(): Promise<void>;
}

export async function openAuditWatch(
  ports: AuditLogPorts,
  { auditLog: { audit, published }, identity, sinks, registry }: AuditWatchOptions,
): Promise<AuditWatch> {
  const metrics = createAuditMetrics({ ...ports, registry, objects: published });
  const networkBans = new NetworkBans(ports);
  const bans = createBans({ source: networkBans, clock: ports.clock });
  await networkBans.start();
  const recorder = new BackgroundRecorder({ ...ports, audit, dropped: metrics.dropped });
  const { administration } = identity;
  const responder = createResponder({ bans: networkBans, administration, clock: ports.clock });
  const onFinding = tellFinding(ports, metrics);
  const detection = detectorSink({ ...ports, record: audit.record, rules: RULES, responder, onFinding });
  const forwarders = [detection, ...sinks].map((sink) => startForwarder({ ...ports, sink }));
  return {
    edge: createEdgeEvents(recorder, ports.clock),
    bans,
    async stop() {
      networkBans.stop();
      bans.close();
      await recorder.stop();
      await Promise.all(forwarders.map((forwarder) => forwarder.stop()));
    },
  };
}

function tellFinding({ log }: AuditLogPorts, metrics: AuditMetrics) {
  return ({ rule, target, score, reason }: Suspicion, response: string | null): void => {
    metrics.finding(rule, response);
    log.warn({ rule, target: target.kind, score, reason, response }, "detection found something");
  };
}
