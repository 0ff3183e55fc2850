import type { Server } from "node:http";
import { Server as TlsServer } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { type AccessLog, createAccessLog, createEdge } from "@rempart/edge";
import { createEdgeServer } from "@rempart/edge/node";
import { type Clock, systemClock } from "@rempart/kernel";
import { closeServer, type Logger, silentLogger, timeLimit } from "@rempart/runtime";
import { readGatewayConfig } from "../config/read.ts";
import type { GatewayConfig, GatewaySettings } from "../config/schema.ts";
import { compileRouting, edgeConfig } from "../core/routing.ts";
import { createAdminServer } from "./admin.ts";
import { openCertificate, type ServedCertificate } from "./certificate.ts";
import { listenAt } from "./listen.ts";
import { createMetrics, type GatewayMetrics } from "./metrics.ts";
import { Passages } from "./passages.ts";
import { openTraces, type Traces } from "./traces.ts";
import { createUpstreams, type Upstreams } from "./upstreams.ts";

export interface GatewayPorts {
  readonly log?: Logger;
  /** Takes the access log, whole lines, many at a time. Absent: there is none. */
  readonly accessLog?: (lines: string) => void;
  readonly clock?: Clock;
}

export interface Gateway {
  /** Where it serves: `https://127.0.0.1:8443`, no slash at the end. */
  readonly url: string;
  /** Null when the configuration has no administration listener. */
  readonly adminUrl: string | null;
  /** Takes nothing new, lets what is under way end within the configured deadline, then closes. */
  drain(): Promise<void>;
  /** Cuts whatever is under way. */
  close(): Promise<void>;
}

/** What a gateway is made of, before it listens. */
interface Parts {
  readonly server: Server;
  readonly admin: Server | null;
  readonly passages: Passages;
  readonly upstreams: Upstreams;
  readonly certificate: ServedCertificate | null;
  readonly accessLog: AccessLog | null;
  readonly traces: Traces;
}

/**
 * Serves as configured. Rejects with `GatewayError` `invalid-configuration`, which names the fields, `invalid-certificate`
 * or `listen-failed`.
 */
export async function startGateway(config: GatewayConfig, ports: GatewayPorts = {}): Promise<Gateway> {
  const settings = readGatewayConfig(config);
  const parts = await assemble(settings, ports);
  try {
    return await serve(settings, parts);
  } catch (error) {
    await close(parts);
    throw error;
  }
}

async function assemble(settings: GatewaySettings, ports: GatewayPorts): Promise<Parts> {
  const { log = silentLogger, clock = systemClock } = ports;
  const { tls } = settings.listen;
  const certificate = tls === undefined ? null : await openCertificate(tls, clock, log);
  const upstreams = createUpstreams(settings, clock, (event) => {
    log.warn(event, "upstream");
    metrics.upstreamEvent(event);
  });
  const metrics = createMetrics({
    upstreams: upstreams.byName,
    tunnels: () => passages.tunnels,
    certificateExpiresAt: certificate === null ? null : () => certificate.expiresAt,
  });
  const traces = await openTraces(settings);
  const accessLog = openAccessLog(ports.accessLog, clock, traces);
  const edge = createEdge({
    ...edgeConfig(settings, (event) => log.warn(event, "detector")),
    ...(traces.tracer !== undefined && { tracer: traces.tracer }),
    observers: accessLog === null ? [metrics.http] : [metrics.http, accessLog],
    clock,
  });
  const routing = compileRouting(settings);
  const passages = new Passages({
    edge,
    clock,
    upstreams: upstreams.byName,
    routing,
    traces,
    counts: metrics.answers,
  });
  const { handler, onUpgrade } = passages;
  const server = createEdgeServer(edge, {
    handler,
    onUpgrade,
    ...(certificate !== null && { tls: certificate.options }),
  });
  const admin = openAdmin(settings, metrics, passages, upstreams);
  return { server, admin, passages, upstreams, certificate, accessLog, traces };
}

function openAdmin(
  { admin }: GatewaySettings,
  { registry }: GatewayMetrics,
  passages: Passages,
  { byName }: Upstreams,
): Server | null {
  if (admin === false) return null;
  return createAdminServer({ registry, upstreams: byName, isDraining: () => passages.isDraining });
}

function openAccessLog(
  write: GatewayPorts["accessLog"],
  clock: Clock,
  { traceId }: Traces,
): AccessLog | null {
  if (write === undefined) return null;
  const ids = traceId === undefined ? {} : { traceId };
  return createAccessLog({ write, members: { retention: "access" }, clock, ...ids });
}

async function serve(settings: GatewaySettings, parts: Parts): Promise<Gateway> {
  const { server, admin, upstreams, certificate } = parts;
  const address = await listenAt(server, settings.listen);
  const adminAddress =
    admin === null || settings.admin === false ? null : await listenAt(admin, settings.admin);
  if (server instanceof TlsServer) certificate?.follow(server);
  upstreams.watch();
  return {
    url: `${certificate === null ? "http" : "https"}://${address}`,
    adminUrl: adminAddress === null ? null : `http://${adminAddress}`,
    drain: () => drain(settings, parts),
    close: () => close(parts),
  };
}

async function drain({ drain: { delayMs, deadlineMs } }: GatewaySettings, parts: Parts): Promise<void> {
  const { server, passages } = parts;
  passages.isDraining = true;
  await sleep(delayMs);
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await timeLimit(ended, deadlineMs);
  await close(parts);
}

async function close(parts: Parts): Promise<void> {
  const { server, admin, passages, upstreams, certificate, accessLog, traces } = parts;
  passages.isDraining = true;
  certificate?.[Symbol.dispose]();
  passages.cutTunnels();
  await Promise.all([closeServer(server, 0), admin === null ? null : closeServer(admin, 0)]);
  upstreams[Symbol.dispose]();
  accessLog?.flush();
  await traces.close();
}
