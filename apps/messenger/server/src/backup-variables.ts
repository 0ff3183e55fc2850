import { join, resolve } from "node:path";
import { fields } from "@rempart/runtime";

const { integer, text } = fields;

/** Of the messenger's variables, those about backups. */
export const backupVariables = {
  BACKUP_REPOSITORY: text()
    .refine((value) => value === "none" || /^file:./.test(value))
    .optional()
    .describe(
      "Where backups go: file:PATH, best on another machine's disk, or none. Unset: with the embedded database, backups under DATA_DIRECTORY, which outlive a mistake and not the disk.",
    ),
  BACKUP_INTERVAL: integer({ min: 60, max: 2_678_400, unit: "seconds" })
    .default(86_400)
    .describe("How often the embedded database is copied whole. Its changes are taken all the time."),
  BACKUP_DRILL_INTERVAL: integer({ min: 60, max: 31_536_000, unit: "seconds" })
    .default(604_800)
    .describe("How often the newest backup is restored beside the database, checked and measured."),
};

export interface BackupConfig {
  /** A directory; null: no backups. */
  readonly directory: string | null;
  readonly everyMs: number;
  readonly drillEveryMs: number;
}

interface Read {
  readonly BACKUP_REPOSITORY?: string | undefined;
  readonly BACKUP_INTERVAL: number;
  readonly BACKUP_DRILL_INTERVAL: number;
}

export function backupConfig(read: Read, embeddedBelow: string | null): BackupConfig {
  return {
    directory: directoryOf(read.BACKUP_REPOSITORY, embeddedBelow),
    everyMs: read.BACKUP_INTERVAL * 1_000,
    drillEveryMs: read.BACKUP_DRILL_INTERVAL * 1_000,
  };
}

function directoryOf(named: string | undefined, embeddedBelow: string | null): string | null {
  if (named === "none") return null;
  if (named !== undefined) return resolve(named.slice("file:".length));
  return embeddedBelow === null ? null : join(embeddedBelow, "backups");
}
