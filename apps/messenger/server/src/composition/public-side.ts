import type { Server } from "node:http";
import { SESSION_COOKIE } from "@rempart/identity";
import { uuidV7Generator } from "@rempart/kernel";
import { versionedMac } from "@rempart/keys";
import type { Bus } from "../bus/bus.ts";
import type { MessengerConfig } from "../config.ts";
import { createDelivery, type Delivery } from "../delivery/delivery.ts";
import { KeyLog } from "../devices/key-log.ts";
import { createApi, POLICY } from "../http/api.ts";
import { createDocuments, type Documents } from "../http/documents.ts";
import { createHandlers } from "../http/handlers.ts";
import type { HealthChecks } from "../http/health.ts";
import { createPublicServer } from "../http/public.ts";
import { createPublicEdge, type PublicEdge } from "../http/public-edge.ts";
import { loadWebClient, type WebClient } from "../http/web-client.ts";
import { csrfSecrets } from "../storage/csrf-secrets.ts";
import { accessLog } from "../telemetry/log.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import type { Core } from "./core.ts";
import type { Ports } from "./ports.ts";

export interface PublicSide {
  readonly delivery: Delivery;
  readonly server: Server;
}

/** What people reach: the API, the sockets and the web client, behind one edge. Nothing listens yet. */
export async function createPublicSide(
  config: MessengerConfig,
  ports: Ports,
  core: Core,
  bus: Bus,
  health: HealthChecks,
): Promise<PublicSide> {
  const web = await loadWebClient(config.public.webDirectory);
  if (!web.built) {
    ports.log.warn({ directory: config.public.webDirectory }, "the web client has not been built");
  }
  const documents = createDocuments();
  const metrics = createMetrics(core.registry, () => delivery.gateway.connections);
  const { edge, limiter } = publicEdge(config, ports, core, { web, documents, metrics });
  const { identity, auditLog, erasuresRecorded } = core;
  const { limited } = core.watch.edge;
  const { database, incarnation } = core.storage;
  const { clock, random, log, tracing } = ports;
  const shared = { database, identity, incarnation, clock, metrics };
  const { limits } = config;
  const messagePolicy = POLICY.messages;
  const delivery = createDelivery({ ...shared, bus, limiter, messagePolicy, limits, limited, log, tracing });
  const { audit, published } = auditLog;
  const keyLog = new KeyLog({ database, objects: published });
  const newId = uuidV7Generator(clock, random);
  const handlers = createHandlers({ ...shared, ...delivery, audit, keyLog, newId, erasuresRecorded });
  const server = createPublicServer({
    edge,
    api: createApi({ edge, identity, handlers, limited }),
    web,
    health,
    documents: documents.byPath,
    signingKeys: () => identity.tokens.jwks(),
    upgrade: (request, socket, head) => delivery.gateway.upgrade(request, socket, head),
  });
  return { delivery, server };
}

interface Shown {
  readonly web: WebClient;
  readonly documents: Documents;
  readonly metrics: Metrics;
}

function publicEdge(
  config: MessengerConfig,
  { clock, random, log, tracing }: Ports,
  { storage: { database }, keyring, security, watch, counts }: Core,
  { web, documents, metrics }: Shown,
): PublicEdge {
  const everyRequest = config.audit.preset === "compliance" ? [watch.edge.requests] : [];
  return createPublicEdge({
    config: config.public,
    limits: config.limits,
    sessionCookie: SESSION_COOKIE,
    csrfMac: versionedMac(csrfSecrets({ database, envelopes: keyring })),
    scriptHashes: web.scriptHashes,
    styleHashes: web.styleHashes,
    docsStyleHashes: documents.styleHashes,
    observers: [...everyRequest, metrics.http, security.http, watch.edge.public, accessLog(log)],
    tracer: tracing.requests,
    counts,
    bans: watch.bans,
    detected(event) {
      security.detected(event);
      watch.edge.detected(event);
    },
    decided: security.limited,
    clock,
    random,
  });
}
