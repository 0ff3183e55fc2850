import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, explain, hasCode, type Random } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { Database, Queryable } from "../../pool/ports.ts";
import { BackupError } from "../errors.ts";
import { packName, walObject } from "../layout.ts";
import { type BackupManifest, backupId } from "../manifest.ts";
import type { RunOptions } from "../ports.ts";
import { progressOf } from "../progress.ts";
import type { Vault } from "../sealed/objects.ts";
import { type Lsn, parseLsn } from "../wal/lsn.ts";
import { segmentName, segmentNumberOf } from "../wal/names.ts";
import { writeManifest } from "./catalog.ts";
import { surveyDataDirectory } from "./data-files.ts";
import { PageChecks } from "./page-checks.ts";
import { inspectServer } from "./server.ts";
import { whileServerLocked } from "./server-lock.ts";
import { writePacks } from "./write-packs.ts";

export interface BackupSource {
  /** Connects as a superuser, or as a role that may execute `pg_backup_start` and `pg_backup_stop`. */
  readonly database: Database;
  /** Of that server, on this machine. */
  readonly dataDirectory: string;
}

export interface BaseBackupPorts {
  readonly vault: Vault;
  readonly source: BackupSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Milliseconds that the log of the backup may take to reach the repository. */
  readonly archiveWaitMs: number;
}

/**
 * A base backup by PostgreSQL's low-level interface, on one session: whatever ends it ends the backup. The manifest is written
 * when all of the log that makes the copied files consistent stands in the repository, and not before.
 */
export function takeBaseBackup(ports: BaseBackupPorts, options: RunOptions): Promise<BackupManifest> {
  const { source, clock, random } = ports;
  return source.database.session((session) =>
    whileServerLocked(session, async () => {
      const id = backupId(clock.now(), random.bytes(4));
      try {
        return await copy(ports, session, id, options);
      } catch (error) {
        await removePacks(ports, id);
        throw error;
      }
    }),
  );
}

async function copy(
  ports: BaseBackupPorts,
  session: Queryable,
  id: string,
  { signal, onProgress }: RunOptions,
): Promise<BackupManifest> {
  const { vault, clock, source } = ports;
  const server = await inspectServer(session, source.dataDirectory);
  const start = await startBackup(session, id);
  const found = await surveyDataDirectory(source.dataDirectory);
  const checks = server.summed ? new PageChecks(lsnIn(start.lsn)) : undefined;
  const tape = await writePacks(vault, {
    id,
    root: source.dataDirectory,
    paths: found.files,
    checks,
    signal,
    onBytes: progressOf("copy", server.bytes, clock, onProgress),
  });
  const stop = await stopBackup(session);
  const manifest: BackupManifest = {
    format: 1,
    id,
    systemIdentifier: server.systemIdentifier,
    serverVersion: server.version,
    startedAt: start.at,
    stoppedAt: Math.max(stop.at, start.at),
    timeline: start.timeline,
    startLsn: start.lsn,
    stopLsn: stop.lsn,
    segmentBytes: server.segmentBytes,
    backupLabel: stop.label,
    tablespaceMap: stop.tablespaces ?? "",
    tablespaces: found.tablespaces,
    directories: found.directories,
    pages: checks?.end(lsnIn(stop.lsn)) ?? null,
    ...tape,
  };
  await untilArchived(ports, manifest, signal);
  await writeManifest(vault, manifest);
  return manifest;
}

function lsnIn(text: string): Lsn {
  return parseLsn(text) ?? 0n;
}

interface Started {
  lsn: string;
  timeline: number;
  at: number;
}

async function startBackup(session: Queryable, id: string): Promise<Started> {
  const [row] = await session.query<Started>(
    `SELECT lsn::text, ('x' || substr(pg_walfile_name(lsn), 1, 8))::bit(32)::int AS timeline,
       floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at
     FROM pg_backup_start($1, fast => true) AS lsn`,
    [`rempart ${id}`],
  );
  return row as Started;
}

interface Stopped {
  lsn: string;
  label: string;
  tablespaces: string | null;
  at: number;
}

/** Does not let the server wait for its archiver: what counts is what stands in the repository, and we look there. */
async function stopBackup(session: Queryable): Promise<Stopped> {
  const [row] = await session.query<Stopped>(
    `SELECT lsn::text, labelfile AS label, spcmapfile AS tablespaces,
       ceil(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at
     FROM pg_backup_stop(wait_for_archive => false)`,
  );
  return row as Stopped;
}

const POLL_MS = 100;

/** The segments of the backup, one after the other: the archiver sends them in this order too. */
async function untilArchived(
  { vault, clock, archiveWaitMs }: BaseBackupPorts,
  manifest: BackupManifest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const givenUpAt = clock.monotonic() + archiveWaitMs;
  for (const name of segmentsOf(manifest)) {
    while (!(await exists(vault, walObject(manifest.systemIdentifier, name)))) {
      signal?.throwIfAborted();
      if (clock.monotonic() > givenUpAt) throw late(name);
      await sleep(POLL_MS);
    }
  }
}

function segmentsOf({ timeline, startLsn, stopLsn, segmentBytes }: BackupManifest): string[] {
  const first = segmentNumberOf(lsnIn(startLsn), segmentBytes);
  // The position is that of the byte after the last one.
  const last = segmentNumberOf((parseLsn(stopLsn) ?? 1n) - 1n, segmentBytes);
  const names: string[] = [];
  for (let number = first; number <= last; number += 1n)
    names.push(segmentName({ timeline, number }, segmentBytes));
  return names;
}

async function exists({ repository }: Vault, object: string): Promise<boolean> {
  for await (const { name } of repository.list(object)) if (name === object) return true;
  return false;
}

function late(segment: string): BackupError {
  return new BackupError(
    "archive-late",
    `${segment} did not reach the repository: is the server's archive_command that of this repository?`,
    { details: { segment } },
  );
}

/** A backup without a manifest is none; what cannot be removed now, a clean-up removes. */
async function removePacks({ vault, log }: BaseBackupPorts, id: string): Promise<void> {
  try {
    for await (const { name } of vault.repository.list(packName(id, 0).slice(0, -6)))
      await vault.repository.delete(name);
  } catch (error) {
    if (!hasCode(error, "object-missing"))
      log.warn({ backup: id, error: explain(error) }, "an unfinished backup stays in the repository");
  }
}
