import { clearInterval, setInterval } from "node:timers";
import { createIdentity, SESSION_COOKIE } from "@rempart/identity";
import { explain, systemClock, systemRandom, uuidV7Generator } from "@rempart/kernel";
import type { Component, Logger } from "@rempart/runtime";
import type { Bus } from "./bus/bus.ts";
import { MemoryNetwork } from "./bus/memory.ts";
import { RedisBus } from "./bus/redis.ts";
import type { MessengerConfig } from "./config.ts";
import { forgetOldWelcomes } from "./conversations/welcomes.ts";
import { createDelivery } from "./delivery/delivery.ts";
import { forgetExpiredKeyPackages } from "./devices/key-packages.ts";
import { createAdminServer } from "./http/admin.ts";
import { createApi, POLICY } from "./http/api.ts";
import { docsPage } from "./http/docs-page.ts";
import { createHandlers } from "./http/handlers.ts";
import { HealthChecks } from "./http/health.ts";
import { closeServer, listen } from "./http/listen.ts";
import { openApi } from "./http/openapi.ts";
import { createPublicServer } from "./http/public.ts";
import { createPublicEdge } from "./http/public-edge.ts";
import { inlineHashes, loadWebClient } from "./http/web-client.ts";
import { openStorage } from "./storage/open.ts";
import { accessLog, createLogger } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";

export interface MessengerOptions {
  config: MessengerConfig;
  /** JSON lines on standard output at the configured level, unless told. */
  log?: Logger;
  /** Replaces the bus that the configuration asks for: two servers of one test share a network. */
  bus?: Bus;
}

export interface Messenger {
  readonly publicUrl: string;
  readonly adminUrl: string;
  /** Until there is an administrator: the link whose holder becomes one. A secret: print it, do not log it. */
  readonly invitationUrl: string | null;
  /** Resolves when the messenger cannot go on by itself: its embedded database is gone. */
  readonly failed: Promise<Error>;
  /** Stops taking requests, says goodbye to the sockets, writes what was accepted, closes everything. */
  stop(): Promise<void>;
}

const API_VERSION = "1.0.0";
const HTTP_GRACE_MS = 5_000;
const CLEANING_MS = 10 * 60_000;

/** The whole messenger in this process. Rejects, with everything closed again, when a part cannot start. */
export async function startMessenger(options: MessengerOptions): Promise<Messenger> {
  const closers: (() => Promise<void>)[] = [];
  const stop = once(() => closeAll(closers));
  try {
    return { ...(await start(options, closers)), stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** The messenger as a part of a process. `started` is told once it serves. */
export function messengerComponent(
  options: MessengerOptions & { started?: (messenger: Messenger) => void },
): Component {
  let messenger: Messenger | undefined;
  const { promise: ended, resolve } = Promise.withResolvers<Error>();
  return {
    name: "messenger",
    ended,
    async start() {
      messenger = await startMessenger(options);
      messenger.failed.then(resolve);
      options.started?.(messenger);
    },
    stop: async () => messenger?.stop(),
  };
}

async function start(
  { config, log = createLogger(config.logLevel), bus: givenBus }: MessengerOptions,
  closers: (() => Promise<void>)[],
): Promise<Omit<Messenger, "stop">> {
  const clock = systemClock;
  const random = systemRandom;
  const storage = await openStorage(config.database, log);
  closers.push(storage.close);
  const { database, incarnation } = storage;

  const identity = createIdentity({
    database,
    clock,
    random,
    log,
    config: {
      session: { absoluteMs: config.session.ttlSeconds * 1000, idleMs: config.session.idleSeconds * 1000 },
    },
  });
  closers.push(() => identity.close());

  const web = await loadWebClient(config.public.webDirectory);
  if (!web.built) log.warn({ directory: config.public.webDirectory }, "the web client has not been built");
  const description = openApi(API_VERSION);
  const docs = docsPage(description);
  const metrics = createMetrics(() => delivery.gateway.connections);
  const edge = createPublicEdge({
    config: config.public,
    limits: config.limits,
    sessionCookie: SESSION_COOKIE,
    scriptHashes: web.scriptHashes,
    styleHashes: web.styleHashes,
    docsStyleHashes: inlineHashes(docs, "style"),
    observers: [metrics.http, accessLog(log)],
    clock,
    random,
  });
  if (edge.limiter === null) throw new TypeError("the public edge limits rates");

  const bus = givenBus ?? createBus(config, log);
  const delivery = createDelivery({
    database,
    identity,
    bus,
    limiter: edge.limiter,
    messagePolicy: POLICY.messages,
    limits: config.limits,
    incarnation,
    clock,
    log,
    metrics,
  });
  await delivery.start();
  closers.push(() => delivery.stop());

  const { hub, writer, receipts } = delivery;
  const newId = uuidV7Generator(clock, random);
  const services = { database, identity, clock, newId, hub, writer, receipts, metrics, incarnation };
  const health = new HealthChecks(
    [
      { name: "database", required: true, run: () => database.ping() },
      { name: "bus", required: false, run: async () => assertHealthy(bus) },
    ],
    () => clock.monotonic(),
  );
  const server = createPublicServer({
    edge,
    api: createApi({ edge, identity, handlers: createHandlers(services) }),
    web,
    health,
    documents: new Map([
      ["/api/openapi.json", { type: "application/json", body: Buffer.from(JSON.stringify(description)) }],
      ["/api/docs", { type: "text/html; charset=utf-8", body: Buffer.from(docs) }],
    ]),
    upgrade: (request, socket, head) => delivery.gateway.upgrade(request, socket, head),
  });
  const cleaning = setInterval(() => void clean(), CLEANING_MS).unref();
  const clean = async (): Promise<void> => {
    try {
      await forgetExpiredKeyPackages(database, clock);
      await forgetOldWelcomes(database, clock);
    } catch (error) {
      log.warn({ error: explain(error) }, "cleaning failed; it is tried again later");
    }
  };
  closers.push(async () => clearInterval(cleaning));

  const port = await listen(server, config.public.host, config.public.port, "PORT");
  closers.push(async () => {
    health.stopping = true;
    await Promise.all([closeServer(server, HTTP_GRACE_MS), delivery.gateway.stop()]);
  });
  const admin = createAdminServer({ health, registry: config.admin.prometheus ? metrics.registry : null });
  const adminPort = await listen(admin, config.admin.host, config.admin.port, "ADMIN_PORT");
  closers.push(() => closeServer(admin, HTTP_GRACE_MS));

  const publicUrl = config.public.url?.origin ?? `http://localhost:${port}`;
  const invitation = (await identity.adminExists()) ? null : await identity.createAdminInvitation();
  log.info({ port, adminPort, pid: process.pid }, "messenger serves");
  return {
    publicUrl,
    adminUrl: `http://${config.admin.host === "0.0.0.0" ? "localhost" : config.admin.host}:${adminPort}`,
    invitationUrl: invitation === null ? null : `${publicUrl}/#invitation=${invitation.token}`,
    failed: storage.failed,
  };
}

function createBus({ redisUrl }: MessengerConfig, log: Logger): Bus {
  return redisUrl === null ? new MemoryNetwork().join() : new RedisBus({ url: redisUrl.reveal(), log });
}

function assertHealthy(bus: Bus): void {
  if (!bus.healthy) throw new Error("the bus is away");
}

/** In reverse, every one, and the first failure is told. */
async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers.toReversed()) await close().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
