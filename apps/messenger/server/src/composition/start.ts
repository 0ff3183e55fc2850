import type { Server } from "node:http";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Identity } from "@rempart/identity";
import { systemClock, systemRandom } from "@rempart/kernel";
import { openTracing } from "@rempart/observability/telemetry";
import { closeServer } from "@rempart/runtime";
import type { Bus } from "../bus/bus.ts";
import { MemoryNetwork } from "../bus/memory.ts";
import { RedisBus } from "../bus/redis.ts";
import type { MessengerConfig } from "../config.ts";
import type { HealthChecks } from "../http/health.ts";
import { listenAt } from "../http/listen.ts";
import type { Messenger, MessengerOptions } from "../messenger.ts";
import { createMonitoring, type Monitoring } from "../monitoring/monitoring.ts";
import { startCleaning } from "../storage/cleaning.ts";
import { startRewrapping } from "../storage/rewrapping.ts";
import { openLog } from "../telemetry/log.ts";
import { createAdminSide } from "./admin-side.ts";
import type { Closers } from "./closers.ts";
import { type Core, openCore } from "./core.ts";
import { createHealth } from "./health.ts";
import type { Ports } from "./ports.ts";
import { createPublicSide, type PublicSide } from "./public-side.ts";
import { registerReadings } from "./readings.ts";

const HTTP_GRACE_MS = 5_000;

/** Opens, wires and serves everything; what it opened is in `closers`, also when it rejects. */
export async function start(options: MessengerOptions, closers: Closers): Promise<Omit<Messenger, "stop">> {
  const { config, log = openLog(config) } = options;
  const tracing = await openTracing(config.traces);
  closers.add(() => tracing.close());
  const ports: Ports = { clock: options.clock ?? systemClock, random: systemRandom, log, tracing };
  const core = await openCore(config, ports, closers);
  const { database, failed } = core.storage;
  const { keyring } = core;
  const bus = options.bus ?? createBus(config, ports);
  const health = createHealth(database, bus, keyring, ports.clock);
  const outside = await createPublicSide(config, ports, core, bus, health);
  registerReadings(config, ports, core, outside.delivery);
  const monitoring = openMonitoring(options, ports, core);
  const adminServer = createAdminSide(config, ports, core, health, monitoring);
  await outside.delivery.start();
  closers.add(() => outside.delivery.stop());
  closers.add(startCleaning(database, ports));
  if (keyring.hasPrimary) closers.add(startRewrapping(config.keys, { keyring, database, log }));
  const { port, adminPort } = await serve(config, outside, adminServer, health, closers);
  core.address.listensOn(port);
  monitoring?.start(`${hostname()}:${adminPort}`);
  closers.add(async () => monitoring?.stop());
  const publicUrl = core.address.origin;
  log.info({ port, adminPort, pid: process.pid }, "messenger serves");
  return {
    publicUrl,
    adminUrl: `http://${config.admin.host === "0.0.0.0" ? "localhost" : config.admin.host}:${adminPort}`,
    invitationUrl: await invitationUrl(core.identity, publicUrl),
    failed,
  };
}

/** Null where others watch. Everything that is counted is in the registry by now. */
function openMonitoring(
  { config, monitoringRim: rim }: MessengerOptions,
  ports: Ports,
  { registry, storage: { database } }: Core,
): Monitoring | null {
  if (!config.monitoring.enabled) return null;
  return createMonitoring(config, {
    ...ports,
    registry,
    database,
    // One of several may be anywhere next time, or share its directory with another.
    ...(config.redisUrl === null ? { directory: join(config.dataDirectory, "history") } : {}),
    ...(rim === undefined ? {} : { rim }),
  });
}

function createBus({ redisUrl }: MessengerConfig, { log, tracing }: Ports): Bus {
  if (redisUrl === null) return new MemoryNetwork().join();
  return new RedisBus({ url: redisUrl.reveal(), log, trace: tracing.call });
}

async function serve(
  { public: outside, admin }: MessengerConfig,
  { server, delivery }: PublicSide,
  adminServer: Server,
  health: HealthChecks,
  closers: Closers,
): Promise<{ port: number; adminPort: number }> {
  const port = await listenAt(server, outside.host, outside.port, "PORT");
  closers.add(async () => {
    health.stopping = true;
    await Promise.all([closeServer(server, HTTP_GRACE_MS), delivery.gateway.stop()]);
  });
  const adminPort = await listenAt(adminServer, admin.host, admin.port, "ADMIN_PORT");
  closers.add(() => closeServer(adminServer, HTTP_GRACE_MS));
  return { port, adminPort };
}

/** The link that makes its holder the first administrator; null when there is one. */
async function invitationUrl(identity: Identity, publicUrl: string): Promise<string | null> {
  if (await identity.adminExists()) return null;
  const { token } = await identity.createAdminInvitation();
  return `${publicUrl}/#invitation=${token}`;
}
