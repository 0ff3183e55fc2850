import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Audit, AuditEvent } from "@rempart/audit";
import { createDatabase, type Database } from "@rempart/database";
import {
  type BackupEngine,
  DRILLS,
  type DrillOptions,
  type DrillRecord,
  drill,
  drillEmbedded,
  type Progress,
  type Repository,
  removeAbandonedDrills,
} from "@rempart/database/backup";
import type { Keyring } from "@rempart/keys";
import { auditObjects } from "../audit/objects.ts";
import type { MessengerConfig } from "../config.ts";
import { erasureCheck } from "../storage/erasures.ts";
import { ownServer } from "../storage/own-server.ts";
import { drillChecks, firstQuery } from "./checks.ts";

export interface DrillPorts {
  readonly repository: Repository;
  readonly keyring: Keyring;
  readonly engine: BackupEngine;
}

export interface AskedDrill {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly place?: string;
}

/** Restores the messenger's newest backup beside everything else and proves it; with the messenger running or without one. */
export function drillMessenger(
  config: MessengerConfig,
  { repository, keyring, engine }: DrillPorts,
  asked: AskedDrill = {},
): Promise<DrillRecord> {
  const { database, audit } = config;
  const checks = [
    ...drillChecks({ envelopes: keyring, published: auditObjects(audit.place) }),
    erasureCheck({ repository, keyring }),
  ];
  const vault = { repository, sealing: keyring };
  const parts = { ...asked, engine, firstQuery, checks };
  if (database.kind !== "embedded") return drillOwnServer(config, vault, parts);
  return drillEmbedded(vault, { ...parts, directory: join(database.directory, "postgres") });
}

/** Removes what drills that were killed left where they are made unless told otherwise. */
export async function sweepDrills({ database }: MessengerConfig): Promise<void> {
  await removeAbandonedDrills(join(tmpdir(), DRILLS));
  if (database.kind === "embedded") await removeAbandonedDrills(join(database.directory, "postgres", DRILLS));
}

/** Compared with the server where `DATABASE_ADMIN_URL` leads to it. */
async function drillOwnServer(
  { database, databaseAdminUrl }: MessengerConfig,
  vault: Parameters<typeof drill>[0],
  { place = join(tmpdir(), DRILLS), ...parts }: OwnDrill,
): Promise<DrillRecord> {
  const address = new URL((await ownServer(database)).reveal());
  const name = decodeURIComponent(address.pathname.slice(1));
  const application = { role: decodeURIComponent(address.username), database: name };
  const primary = databaseAdminUrl && superuserIn(databaseAdminUrl.reveal(), address.pathname);
  try {
    return await drill(vault, { ...parts, application, place, ...(primary && { primary }) });
  } finally {
    await primary?.close();
  }
}

type OwnDrill = Omit<DrillOptions, "application" | "primary" | "place"> & Pick<AskedDrill, "place">;

function superuserIn(adminUrl: string, pathname: string): Database {
  const url = new URL(adminUrl);
  url.pathname = pathname;
  return createDatabase({ url: url.href, poolSize: 3, applicationName: "rempart-drill" });
}

export interface DrillLog {
  readonly audit: Pick<Audit, "record">;
  readonly database: Database;
}

/** Also of a drill that failed, and of that before anybody asks. */
export async function recordDrill({ audit, database }: DrillLog, record: DrillRecord): Promise<void> {
  await database.transaction((tx) => audit.record(tx, eventOf(record)));
}

function eventOf(record: DrillRecord): AuditEvent {
  const type = record.passed ? "backup.drill.passed" : "backup.drill.failed";
  if ("error" in record)
    return { type, resource: { type: "backup", id: "newest", metadata: { error: record.error } } };
  const { backup, recoveryTimeMs, recoveryPointMs, checks } = record;
  const failed = checks.filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
  const metadata = { recoveryTimeMs: Math.round(recoveryTimeMs), recoveryPointMs, failed };
  return { type, resource: { type: "backup", id: backup, metadata }, allow: Object.keys(metadata) };
}
