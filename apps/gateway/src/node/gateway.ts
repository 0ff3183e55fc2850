import type { Server } from "node:http";
import { Server as TlsServer } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { TlsOptions } from "node:tls";
import { createAccessLog, createEdge } from "@rempart/edge";
import { createEdgeServer } from "@rempart/edge/node";
import { type Clock, systemClock } from "@rempart/kernel";
import { type Logger, silentLogger, timeLimit } from "@rempart/runtime";
import { readGatewayConfig } from "../config/read.ts";
import type { GatewayConfig, GatewaySettings } from "../config/schema.ts";
import { compileRouting, edgeConfig } from "../core/routing.ts";
import { Upstream, type UpstreamEvent } from "../core/upstream/upstream.ts";
import { createAdminServer } from "./admin.ts";
import { type Certificate, readCertificate, type TlsSettings, watchCertificate } from "./certificate.ts";
import { startChecks } from "./checks.ts";
import { closeServer, listen } from "./listen.ts";
import { createMetrics } from "./metrics.ts";
import { Passages } from "./passages.ts";
import type { Target } from "./target.ts";
import { createTargets } from "./targets.ts";

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

/** How often waiting connections are looked at: a time-out comes this much later than said at most. */
const SWEEP_MS = 100;

/**
 * Serves as configured. Rejects with `GatewayError` `invalid-configuration`, which names the fields, `invalid-certificate`
 * or `listen-failed`; or with the edge's own `invalid-configuration` for what it refuses.
 */
export async function startGateway(config: GatewayConfig, ports: GatewayPorts = {}): Promise<Gateway> {
  const settings = readGatewayConfig(config);
  const { log = silentLogger, clock = systemClock } = ports;
  const { tls } = settings.listen;
  const certificate = tls === undefined ? null : await readCertificate(tls, clock);
  const upstreams = createUpstreams(settings, clock, (event) => {
    log.warn(event, "upstream");
    metrics.upstreamEvent(event);
  });
  const metrics = createMetrics({
    upstreams,
    tunnels: () => passages.tunnels,
    certificateExpiresAt: certificate === null ? null : () => (watch ?? certificate).expiresAt,
  });
  const accessLog = ports.accessLog === undefined ? null : createAccessLog({ write: ports.accessLog, clock });
  const edge = createEdge({
    ...edgeConfig(settings, (event) => log.warn(event, "detector")),
    observers: accessLog === null ? [metrics.http] : [metrics.http, accessLog],
    clock,
  });
  const passages = new Passages({ edge, clock, upstreams, routing: compileRouting(settings) });
  const server = createEdgeServer(edge, {
    handler: passages.handler,
    onUpgrade: passages.onUpgrade,
    ...(tls !== undefined && certificate !== null && { tls: tlsOptions(tls, certificate) }),
  });
  const admin =
    settings.admin === false
      ? null
      : createAdminServer({ registry: metrics.registry, upstreams, isDraining: () => passages.isDraining });

  const address = await listen(server, settings.listen);
  const adminAddress = await listenBeside(server, admin, settings.admin);
  const watch =
    tls !== undefined && certificate !== null && server instanceof TlsServer
      ? watchCertificate(server, tls, certificate, clock, log)
      : null;
  const checks = [...upstreams.values()].map(startChecks);
  const sweep = setInterval(() => expire(upstreams, clock), SWEEP_MS);
  sweep.unref();

  const close = async (): Promise<void> => {
    passages.isDraining = true;
    watch?.[Symbol.dispose]();
    for (const check of checks) check[Symbol.dispose]();
    clearInterval(sweep);
    passages.cutTunnels();
    await Promise.all([closeServer(server), admin === null ? null : closeServer(admin)]);
    for (const { targets } of upstreams.values()) for (const target of targets) target.close();
    accessLog?.flush();
  };
  const drain = async (): Promise<void> => {
    const { delayMs, deadlineMs } = settings.drain;
    passages.isDraining = true;
    await sleep(delayMs);
    const idle = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await timeLimit(idle, deadlineMs);
    await close();
  };
  return {
    url: `${tls === undefined ? "http" : "https"}://${address}`,
    adminUrl: adminAddress === null ? null : `http://${adminAddress}`,
    drain,
    close,
  };
}

function tlsOptions(tls: TlsSettings, { cert, key }: Certificate): TlsOptions {
  return { cert, key, minVersion: tls.minVersion, ALPNProtocols: ["http/1.1"] };
}

/** The second listener; the first is closed when it cannot be opened. */
async function listenBeside(
  first: Server,
  second: Server | null,
  settings: GatewaySettings["admin"],
): Promise<string | null> {
  if (second === null || settings === false) return null;
  try {
    return await listen(second, settings);
  } catch (error) {
    await closeServer(first);
    throw error;
  }
}

function createUpstreams(
  settings: GatewaySettings,
  clock: Clock,
  observe: (event: UpstreamEvent) => void,
): Map<string, Upstream<Target>> {
  const entries = Object.entries(settings.upstreams);
  return new Map(
    entries.map(([name, own]) => [name, new Upstream(name, own, createTargets(own, clock), clock, observe)]),
  );
}

function expire(upstreams: ReadonlyMap<string, Upstream<Target>>, clock: Clock): void {
  const now = clock.monotonic();
  for (const { targets } of upstreams.values()) for (const target of targets) target.expire(now);
}
