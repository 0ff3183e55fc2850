import type { Server } from "node:http";
import type { Database } from "@rempart/database";
import { type Identity, type Observe, SESSION_COOKIE } from "@rempart/identity";
import {
  type Clock,
  explain,
  type Random,
  systemClock,
  systemRandom,
  uuidV7Generator,
} from "@rempart/kernel";
import { type Keyring, versionedMac } from "@rempart/keys";
import type { Component, Logger } from "@rempart/runtime";
import { Registry } from "prom-client";
import { type AuditLog, openAuditLog } from "./audit/audit-log.ts";
import { identityObserver } from "./audit/identity-events.ts";
import { KeyEvents } from "./audit/key-events.ts";
import { createSinks } from "./audit/sinks.ts";
import { type AuditWatch, openAuditWatch } from "./audit/watch.ts";
import { accountBans } from "./bans/account-bans.ts";
import type { Bus } from "./bus/bus.ts";
import { MemoryNetwork } from "./bus/memory.ts";
import { RedisBus } from "./bus/redis.ts";
import type { MessengerConfig } from "./config.ts";
import { forgetOldWelcomes } from "./conversations/welcomes.ts";
import { createDelivery, type Delivery } from "./delivery/delivery.ts";
import { KeyLog } from "./devices/key-log.ts";
import { forgetExpiredKeyPackages } from "./devices/key-packages.ts";
import { createAdminApi } from "./http/admin/api.ts";
import { adminHandlers } from "./http/admin/handlers.ts";
import { createAdminEdge, createAdminServer } from "./http/admin/server.ts";
import { createApi, POLICY } from "./http/api.ts";
import { createDocuments } from "./http/documents.ts";
import { createHandlers } from "./http/handlers.ts";
import { type Check, HealthChecks } from "./http/health.ts";
import { closeServer, listen } from "./http/listen.ts";
import { createPublicServer } from "./http/public.ts";
import { createPublicEdge } from "./http/public-edge.ts";
import { type SharedCounts, sharedCounts } from "./http/shared-counts.ts";
import { loadWebClient } from "./http/web-client.ts";
import { createMessengerIdentity } from "./identity.ts";
import { smtpMailer } from "./mail/smtp-mailer.ts";
import { PublicAddress } from "./public-address.ts";
import { csrfSecrets } from "./storage/csrf-secrets.ts";
import { openKeyring } from "./storage/keyring.ts";
import { openStorage, type Storage } from "./storage/open.ts";
import { startRewrapping } from "./storage/rewrapping.ts";
import { accessLog, createLogger } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createSecurityCounters, type SecurityCounters } from "./telemetry/security-metrics.ts";

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

const HTTP_GRACE_MS = 5_000;
const CLEANING_MS = 10 * 60_000;

/** The whole messenger in this process. Rejects, with everything closed again, when a part cannot start. */
export async function startMessenger(options: MessengerOptions): Promise<Messenger> {
  const closers: Closer[] = [];
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

type Closer = () => Promise<void>;

async function start(options: MessengerOptions, closers: Closer[]): Promise<Omit<Messenger, "stop">> {
  const { config, log = createLogger(config.logLevel) } = options;
  const ports: Ports = { clock: systemClock, random: systemRandom, log };
  const sinks = createSinks(config.audit);
  const storage = await openStorage(config.database, log);
  closers.push(storage.close);
  const address = new PublicAddress(config.public);
  const registry = new Registry();
  const security = createSecurityCounters({
    ...ports,
    registry,
    averageSessionMinutes: () => identity.administration.averageSessionMinutes(),
  });
  const keyEvents = new KeyEvents(ports);
  const keyring = openKeyring(config.keys, {
    ...ports,
    observe(event) {
      security.keys(event);
      keyEvents.observe(event);
    },
  });
  closers.push(() => keyring.close());
  const mailer = config.mail && smtpMailer(config.mail, address);
  closers.push(async () => mailer?.close());
  const { database } = storage;
  const sealing = { ...ports, database, envelopes: keyring };
  const auditLog = await openAuditLog(sealing, {
    directory: config.dataDirectory,
    origin: `${address.hostname}/audit`,
    witnesses: config.audit.witnesses,
  });
  closers.push(() => auditLog.stop());
  keyEvents.recordTo(auditLog.audit, database);
  const record = identityObserver(auditLog.audit);
  const banAddresses = accountBans(ports);
  const observe: Observe = async (event, tx) => {
    await record(event, tx);
    await banAddresses(event, tx);
    security.identity(event);
  };
  const identity = createMessengerIdentity(config, address, { ...sealing, mailer, observe });
  closers.push(() => identity.close());
  const watch = await openAuditWatch(sealing, { auditLog, identity, sinks, registry });
  closers.push(() => watch.stop());
  const counts = config.redisUrl && sharedCounts(config.redisUrl, log);
  closers.push(async () => counts?.close());
  await counts?.open();
  const watching = { counts, registry, keyring, security, auditLog, watch };
  const parts = await createParts(options, ports, storage, { identity, address, ...watching });
  await parts.delivery.start();
  closers.push(() => parts.delivery.stop());
  closers.push(startCleaning(storage.database, ports));
  if (keyring.hasPrimary) closers.push(startRewrapping(config.keys, { keyring, database, log }));
  const { port, adminPort } = await serve(config, parts, closers);
  address.listensOn(port);
  const publicUrl = address.origin;
  log.info({ port, adminPort, pid: process.pid }, "messenger serves");
  return {
    publicUrl,
    adminUrl: `http://${config.admin.host === "0.0.0.0" ? "localhost" : config.admin.host}:${adminPort}`,
    invitationUrl: await invitationUrl(identity, publicUrl),
    failed: storage.failed,
  };
}

interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The link that makes its holder the first administrator; null when there is one. */
async function invitationUrl(identity: Identity, publicUrl: string): Promise<string | null> {
  if (await identity.adminExists()) return null;
  const { token } = await identity.createAdminInvitation();
  return `${publicUrl}/#invitation=${token}`;
}

interface Wired {
  readonly identity: Identity;
  readonly address: PublicAddress;
  readonly auditLog: AuditLog;
  readonly registry: Registry;
  readonly security: SecurityCounters;
  readonly keyring: Keyring;
  readonly watch: AuditWatch;
  readonly counts: SharedCounts | null;
}

interface Parts {
  readonly delivery: Delivery;
  readonly health: HealthChecks;
  readonly publicServer: Server;
  readonly adminServer: Server;
}

/** Everything wired together, nothing started. */
async function createParts(
  { config, bus: givenBus }: MessengerOptions,
  { clock, random, log }: Ports,
  { database, incarnation }: Storage,
  { identity, address, auditLog, registry, security, keyring, watch, counts }: Wired,
): Promise<Parts> {
  const web = await loadWebClient(config.public.webDirectory);
  if (!web.built) log.warn({ directory: config.public.webDirectory }, "the web client has not been built");
  const documents = createDocuments();
  const bus = givenBus ?? createBus(config, log);
  const metrics = createMetrics(registry, () => delivery.gateway.connections);
  const everyRequest = config.audit.preset === "compliance" ? [watch.edge.requests] : [];
  const { edge, limiter } = createPublicEdge({
    config: config.public,
    limits: config.limits,
    sessionCookie: SESSION_COOKIE,
    csrfMac: versionedMac(csrfSecrets({ database, envelopes: keyring })),
    scriptHashes: web.scriptHashes,
    styleHashes: web.styleHashes,
    docsStyleHashes: documents.styleHashes,
    observers: [...everyRequest, metrics.http, security.http, watch.edge.public, accessLog(log)],
    counts,
    bans: watch.bans,
    detected: watch.edge.detected,
    clock,
    random,
  });
  const { limited } = watch.edge;
  const shared = { database, identity, incarnation, clock, metrics };
  const { limits } = config;
  const messagePolicy = POLICY.messages;
  const delivery = createDelivery({ ...shared, bus, limiter, messagePolicy, limits, limited, log });
  const { audit, objects, published } = auditLog;
  const keyLog = new KeyLog({ database, objects: published });
  const newId = uuidV7Generator(clock, random);
  const handlers = createHandlers({ ...shared, ...delivery, audit, keyLog, newId });
  const health = createHealth(database, bus, keyring, clock);
  const publicServer = createPublicServer({
    edge,
    api: createApi({ edge, identity, handlers, limited }),
    web,
    health,
    documents: documents.byPath,
    signingKeys: () => identity.tokens.jwks(),
    upgrade: (request, socket, head) => delivery.gateway.upgrade(request, socket, head),
  });
  const observers = [...everyRequest, watch.edge.administration, accessLog(log)];
  const adminEdge = createAdminEdge({ limits, observers, clock, random });
  const services = { identity, address, securityMetrics: () => security.report() };
  const adminServer = createAdminServer({
    edge: adminEdge,
    api: createAdminApi({
      edge: adminEdge,
      identity,
      handlers: adminHandlers(services),
      denied: watch.edge.denied,
    }),
    health,
    registry: config.admin.prometheus ? registry : null,
    auditObjects: objects,
  });
  return { delivery, health, publicServer, adminServer };
}

function createHealth(database: Database, bus: Bus, keyring: Keyring, clock: Clock): HealthChecks {
  const checks: Check[] = [
    { name: "database", required: true, run: () => database.ping() },
    { name: "bus", required: false, run: async () => assertHealthy(bus) },
    ...(keyring.hasPrimary
      ? [{ name: "kms", required: false, run: async () => assertAnswering(keyring) }]
      : []),
  ];
  return new HealthChecks(checks, () => clock.monotonic());
}

async function serve(
  { public: outside, admin }: MessengerConfig,
  { publicServer, adminServer, delivery, health }: Parts,
  closers: Closer[],
): Promise<{ port: number; adminPort: number }> {
  const port = await listen(publicServer, outside.host, outside.port, "PORT");
  closers.push(async () => {
    health.stopping = true;
    await Promise.all([closeServer(publicServer, HTTP_GRACE_MS), delivery.gateway.stop()]);
  });
  const adminPort = await listen(adminServer, admin.host, admin.port, "ADMIN_PORT");
  closers.push(() => closeServer(adminServer, HTTP_GRACE_MS));
  return { port, adminPort };
}

/** Forgets what has expired, now and then. Answers the way to stop it. */
function startCleaning(database: Database, { clock, log }: Ports): Closer {
  const clean = async (): Promise<void> => {
    try {
      await forgetExpiredKeyPackages(database, clock);
      await forgetOldWelcomes(database, clock);
    } catch (error) {
      log.warn({ error: explain(error) }, "cleaning failed; it is tried again later");
    }
  };
  const timer = setInterval(clean, CLEANING_MS).unref();
  return async () => clearInterval(timer);
}

function createBus({ redisUrl }: MessengerConfig, log: Logger): Bus {
  return redisUrl === null ? new MemoryNetwork().join() : new RedisBus({ url: redisUrl.reveal(), log });
}

function assertHealthy(bus: Bus): void {
  if (!bus.healthy) throw new Error("the bus is away");
}

/** The first is the primary provider; the local key stands in while it is away. */
function assertAnswering(keyring: Keyring): void {
  if (keyring.health()[0]?.status !== "up") throw new Error("the key service is away");
}

/** In reverse, every one, and the first failure is told. */
async function closeAll(closers: readonly Closer[]): Promise<void> {
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
