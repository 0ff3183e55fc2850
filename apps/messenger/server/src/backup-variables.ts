import { join } from "node:path";
import { fields } from "@rempart/runtime";
import type { z } from "zod";
import {
  type RepositoryConfig,
  type Retention,
  repositoryConfig,
  repositoryVariables,
  retentionOf,
} from "./backup-repository.ts";

const { integer, text } = fields;

/** Of the messenger's variables, those about backups. */
export const backupVariables = {
  ...repositoryVariables,
  ENCRYPTION_KEY: text()
    .optional()
    .describe(
      "File with the passphrase of pgBackRest's repository, and of archives named .sql.gz.gpg: for `rempart backup --engine`.",
    ),
  BACKUP_INTERVAL: integer({ min: 60, max: 2_678_400, unit: "seconds" })
    .default(86_400)
    .describe("How often the embedded database is copied whole. Its changes are taken all the time."),
  BACKUP_DRILL_INTERVAL: integer({ min: 60, max: 31_536_000, unit: "seconds" })
    .default(604_800)
    .describe("How often the newest backup is restored beside the database, checked and measured."),
};

export interface BackupConfig {
  /** Null: no backups. */
  readonly repository: RepositoryConfig | null;
  readonly retention: Retention;
  /** For engines that keep files of their own; null where backups go elsewhere than to a directory. */
  readonly directory: string | null;
  /** Of what other engines write and wrote. */
  readonly passphraseFile: string | null;
  readonly everyMs: number;
  readonly drillEveryMs: number;
}

type Read = z.infer<z.ZodObject<typeof backupVariables>> & { readonly AWS_REGION?: string | undefined };

export function backupConfig(read: Read, embeddedBelow: string | null): BackupConfig {
  const repository = repositoryConfig(read, embeddedBelow && join(embeddedBelow, "backups"));
  return {
    repository,
    retention: retentionOf(read, repository),
    directory: repository?.kind === "directory" ? repository.path : null,
    passphraseFile: read.ENCRYPTION_KEY ?? null,
    everyMs: read.BACKUP_INTERVAL * 1_000,
    drillEveryMs: read.BACKUP_DRILL_INTERVAL * 1_000,
  };
}
