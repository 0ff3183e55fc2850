import type { Server } from "node:http";
import type { MessengerConfig } from "../config.ts";
import { type AdminApiOptions, createAdminApi } from "../http/admin/api.ts";
import { adminHandlers } from "../http/admin/handlers.ts";
import { createAdminEdge, createAdminServer } from "../http/admin/server.ts";
import type { HealthChecks } from "../http/health.ts";
import type { Monitoring } from "../monitoring/monitoring.ts";
import { accessLog } from "../telemetry/log.ts";
import type { Core } from "./core.ts";
import type { Ports } from "./ports.ts";

/** What administrators and machines reach. Nothing listens yet. */
export function createAdminSide(
  { admin, audit, limits }: MessengerConfig,
  { clock, random, log, tracing }: Ports,
  { storage, identity, address, auditLog, registry, security, watch, erasuresRecorded }: Core,
  health: HealthChecks,
  monitoring: Monitoring | null,
): Server {
  const everyRequest = audit.preset === "compliance" ? [watch.edge.requests] : [];
  const observers = [...everyRequest, watch.edge.administration, accessLog(log)];
  const edge = createAdminEdge({ limits, observers, tracer: tracing.requests, clock, random });
  const handlers = adminHandlers({
    identity,
    address,
    monitoring,
    database: storage.database,
    audit: auditLog.audit,
    clock,
    erasuresRecorded,
    securityMetrics: () => security.report(),
  });
  const denied: AdminApiOptions["denied"] = (userId, refused) => {
    security.administrationDenied();
    watch.edge.denied(userId, refused);
  };
  return createAdminServer({
    edge,
    api: createAdminApi({ edge, identity, handlers, denied }),
    health,
    registry: admin.prometheus ? registry : null,
    auditObjects: auditLog.objects,
  });
}
