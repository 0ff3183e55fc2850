import { join } from "node:path";
import type { S3Credentials } from "@rempart/database/backup";
import { fields } from "@rempart/runtime";
import type { z } from "zod";
import {
  type RepositoryConfig,
  type Retention,
  repositoryConfig,
  repositoryVariables,
  retentionOf,
} from "./backup-repository.ts";

const { integer, secret, text } = fields;

/** Of the messenger's variables, those about backups. */
export const backupVariables = {
  ...repositoryVariables,
  ENCRYPTION_KEY: text()
    .optional()
    .describe(
      "File with the passphrase of pgBackRest's repository, and of archives named .sql.gz.gpg: for `rempart backup --engine`.",
    ),
  AWS_ACCESS_KEY_ID: text({ max: 256 })
    .optional()
    .describe(
      "For pgBackRest in s3, whose configuration file keeps it for the server's archive_command. Unset: the role of the machine.",
    ),
  AWS_SECRET_ACCESS_KEY: secret().optional().describe("For pgBackRest in s3, with AWS_ACCESS_KEY_ID."),
  AWS_SESSION_TOKEN: secret().optional().describe("For pgBackRest in s3, with keys that expire."),
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
  /** For archives of other scripts; null where backups go elsewhere than to a directory. */
  readonly directory: string | null;
  /** For programs that do not find them by themselves. Null: the machine's role has them. */
  readonly credentials: S3Credentials | null;
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
    credentials: credentialsIn(read),
    passphraseFile: read.ENCRYPTION_KEY ?? null,
    everyMs: read.BACKUP_INTERVAL * 1_000,
    drillEveryMs: read.BACKUP_DRILL_INTERVAL * 1_000,
  };
}

function credentialsIn(read: Read): S3Credentials | null {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = read;
  if (AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined) return null;
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
  };
}
