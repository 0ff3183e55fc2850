import { createDatabase, type EmbeddedPostgres, type EmbeddedPostgresOptions } from "@rempart/database";
import {
  backupSchedule,
  builtInEngine,
  createWalArchiver,
  logKeeper,
  pruneBackups,
  pruneSchedule,
  type Repository,
} from "@rempart/database/backup";
import type { Clock, Random } from "@rempart/kernel";
import type { Keyring } from "@rempart/keys";
import type { Component, Logger } from "@rempart/runtime";
import type { Registry } from "prom-client";
import type { MessengerConfig } from "../config.ts";
import { countBackups } from "../telemetry/backup-metrics.ts";
import { openRepository } from "./repository.ts";

export interface Backups {
  readonly repository: Repository;
  /** With which the server is started. */
  readonly settings: NonNullable<EmbeddedPostgresOptions["settings"]>;
  /** Begins to take backups; answers the way to stop. */
  start(server: BackedUpServer): Promise<() => Promise<void>>;
  /** Call it when the server has stopped: it hands over the last of its log on the way. */
  close(): Promise<void>;
}

type BackedUpServer = Pick<EmbeddedPostgres, "superuserUrl" | "dataDirectory">;

interface BackupPorts {
  readonly keyring: Keyring;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The backups of the embedded database; null when there are to be none, or another server has its own. */
export function openBackups({ backup, database }: MessengerConfig, ports: BackupPorts): Backups | null {
  if (backup.repository === null || database.kind !== "embedded") return null;
  const { clock, log } = ports;
  const repository = openRepository(backup.repository);
  const sealing = ports.keyring;
  const observe = countBackups(ports.registry, clock, 0);
  const archiver = createWalArchiver({ repository, sealing, clock, log, observe });
  return {
    repository,
    settings: archiver.attach,
    async start({ superuserUrl, dataDirectory }) {
      const admin = createDatabase({ url: superuserUrl, poolSize: 3, applicationName: "rempart-backup" });
      const source = { database: admin, dataDirectory };
      const engine = builtInEngine({ ...ports, repository, sealing, source, observe });
      const parts: readonly Component[] = [
        logKeeper({ database: admin, repository, sealing, clock, log }),
        backupSchedule({ engine, everyMs: backup.everyMs, clock, log, observe }),
        pruneSchedule({
          prune: (signal) =>
            pruneBackups({ repository, sealing }, { policy: backup.retention, signal, clock }),
          log,
        }),
      ];
      for (const part of parts) await part.start(new AbortController().signal);
      return async () => {
        await Promise.all(parts.map((part) => part.stop()));
        await admin.close();
      };
    },
    close: () => archiver.close(),
  };
}
