import { type BackupEngine, builtInEngine } from "@rempart/database/backup";
import type { Identity, Observe } from "@rempart/identity";
import type { Keyring } from "@rempart/keys";
import { Registry } from "prom-client";
import { type AuditLog, openAuditLog } from "../audit/audit-log.ts";
import { identityObserver } from "../audit/identity-events.ts";
import { KeyEvents } from "../audit/key-events.ts";
import { auditObjects } from "../audit/objects.ts";
import { createSinks } from "../audit/sinks.ts";
import { type AuditWatch, openAuditWatch } from "../audit/watch.ts";
import { accountBans } from "../bans/account-bans.ts";
import type { MessengerConfig } from "../config.ts";
import { scheduledDrills } from "../drill/scheduled.ts";
import { type SharedCounts, sharedCounts } from "../http/shared-counts.ts";
import { createMessengerIdentity } from "../identity.ts";
import { smtpMailer } from "../mail/smtp-mailer.ts";
import { PublicAddress } from "../public-address.ts";
import { openBackups } from "../storage/backups.ts";
import { openErasureKeeper } from "../storage/erasure-keeper.ts";
import { openKeyring } from "../storage/keyring.ts";
import { openStorage, type Storage } from "../storage/open.ts";
import { openRepository } from "../storage/repository.ts";
import { scheduleBackups } from "../storage/scheduled-backups.ts";
import { countErasures } from "../telemetry/backup-metrics.ts";
import { createSecurityCounters, type SecurityCounters } from "../telemetry/security-metrics.ts";
import type { Closers } from "./closers.ts";
import type { Ports } from "./ports.ts";

/** What requests are served with: data, secrets, accounts, the audit log, and the counts of all of them. */
export interface Core {
  readonly storage: Storage;
  readonly address: PublicAddress;
  readonly registry: Registry;
  readonly security: SecurityCounters;
  readonly keyring: Keyring;
  readonly auditLog: AuditLog;
  readonly identity: Identity;
  readonly watch: AuditWatch;
  /** Whether what was erased up to now stands beside the backups. */
  readonly erasuresRecorded: () => Promise<boolean>;
  /** Null: this process counts alone. */
  readonly counts: SharedCounts | null;
}

/** Opens them, each after what it stands on. */
export async function openCore(config: MessengerConfig, ports: Ports, closers: Closers): Promise<Core> {
  const sinks = createSinks(config.audit);
  const address = new PublicAddress(config.public);
  const registry = new Registry();
  const security = createSecurityCounters({
    ...ports,
    registry,
    averageSessionMinutes: () => identity.administration.averageSessionMinutes(),
  });
  const { keyring, keyEvents } = openKeys(config, ports, security, closers);
  const backups = openBackups(config, { ...ports, keyring, registry });
  const storage = await openStorage(config.database, ports.log, {
    trace: ports.tracing.statement,
    settings: backups?.settings,
  });
  closers.add(async () => {
    await storage.close();
    await backups?.close();
  });
  const { database, embedded } = storage;
  if (backups !== null && embedded !== null) closers.add(await backups.start(embedded));
  const waiting = config.backup.repository && countErasures(registry, ports.clock);
  const observed = waiting === null ? {} : { observe: waiting };
  const erasures = openErasureKeeper(config, { database, keyring, log: ports.log, ...observed });
  await erasures?.start(new AbortController().signal);
  closers.add(async () => erasures?.stop());
  const sealing = { ...ports, database, envelopes: keyring };
  const auditLog = await openAuditLog(sealing, {
    objects: auditObjects(config.audit.place),
    origin: `${address.hostname}/audit`,
    witnesses: config.audit.witnesses,
  });
  closers.add(() => auditLog.stop());
  keyEvents.recordTo(auditLog.audit, database);
  await startDrills(config, { ...ports, keyring, registry, database, audit: auditLog.audit }, closers);
  const mailer = config.mail && smtpMailer(config.mail, address);
  closers.add(async () => mailer?.close());
  const observe = observeIdentity(ports, auditLog, security);
  const identity = createMessengerIdentity(config, address, { ...sealing, mailer, observe });
  closers.add(() => identity.close());
  const watch = await openAuditWatch(sealing, { auditLog, identity, sinks, registry });
  closers.add(() => watch.stop());
  const counts = config.redisUrl && sharedCounts(config.redisUrl, ports.log);
  closers.add(async () => counts?.close());
  await counts?.open();
  const erasuresRecorded = async (): Promise<boolean> => erasures?.recorded() ?? true;
  return {
    storage,
    address,
    registry,
    security,
    keyring,
    auditLog,
    identity,
    watch,
    counts,
    erasuresRecorded,
  };
}

type DrillPorts = Omit<Parameters<typeof scheduledDrills>[1], "engine" | "repository">;

/** After the backups that they are about; those of a server of one's own begin here. */
async function startDrills(config: MessengerConfig, ports: DrillPorts, closers: Closers): Promise<void> {
  const { engine: name, repository: place, scheduled } = config.backup;
  if (place === null || !scheduled) return;
  const repository = openRepository(place);
  const sealing = ports.keyring;
  let engine: BackupEngine;
  if (name === "built-in") engine = builtInEngine({ ...ports, repository, sealing });
  else {
    const backups = await scheduleBackups(config, name, { ...ports, repository });
    closers.add(async () => backups[Symbol.asyncDispose]());
    ({ engine } = backups);
  }
  const drills = await scheduledDrills(config, { ...ports, engine, repository });
  await drills.start(new AbortController().signal);
  closers.add(() => drills.stop());
}

function openKeys(
  config: MessengerConfig,
  ports: Ports,
  security: SecurityCounters,
  closers: Closers,
): { keyring: Keyring; keyEvents: KeyEvents } {
  const keyEvents = new KeyEvents(ports);
  const { call, headers } = ports.tracing;
  const keyring = openKeyring(config.keys, {
    ...ports,
    ...(call === undefined ? {} : { trace: call }),
    traceHeaders: headers,
    observe(event) {
      security.keys(event);
      keyEvents.observe(event);
    },
  });
  closers.add(() => keyring.close());
  return { keyring, keyEvents };
}

/** Recorded and answered in the transaction of the act; counted when that was possible. */
function observeIdentity(ports: Ports, { audit }: AuditLog, security: SecurityCounters): Observe {
  const record = identityObserver(audit);
  const banAddresses = accountBans(ports);
  return async (event, tx) => {
    await record(event, tx);
    await banAddresses(event, tx);
    security.identity(event);
  };
}
