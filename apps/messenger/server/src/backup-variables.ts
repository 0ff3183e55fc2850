import { join } from "node:path";
import type { BackupEngine, S3Credentials } from "@rempart/database/backup";
import { fields } from "@rempart/runtime";
import type { z } from "zod";
import {
  type RepositoryConfig,
  type Retention,
  repositoryConfig,
  repositoryVariables,
  retentionOf,
} from "./backup-repository.ts";

const { integer, oneOf, secret, text } = fields;

/** Of the messenger's variables, those about backups. */
export const backupVariables = {
  ...repositoryVariables,
  BACKUP_ENGINE: oneOf(["built-in", "dump", "pgbackrest", "none"])
    .optional()
    .describe(
      "What backs up a server of your own as soon as BACKUP_REPOSITORY is set: `dump`, by pg_dump; `pgbackrest`, on the server's machine; `none`, leaves it to whoever runs `rempart backup`. Unset: dump. The embedded database has `built-in`.",
    ),
  BACKUP_PROGRAMS: text()
    .optional()
    .describe(
      "Directory of PostgreSQL's programs, for `dump` and `pgbackrest`, such as /usr/lib/postgresql/18/bin. Unset: those on the PATH.",
    ),
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
    .describe(
      "How often the database is copied whole. Built-in and pgBackRest take its changes all the time as well, a dump does not.",
    ),
  BACKUP_DRILL_INTERVAL: integer({ min: 60, max: 31_536_000, unit: "seconds" })
    .default(604_800)
    .describe("How often the newest backup is restored beside the database, checked and measured."),
};

export interface BackupConfig {
  /** Null: no backups. */
  readonly repository: RepositoryConfig | null;
  readonly retention: Retention;
  /** Taken by schedule where there is a repository, and what commands mean unless told otherwise. */
  readonly engine: BackupEngine["name"];
  /** False: only commands take backups. */
  readonly scheduled: boolean;
  /** Directory of PostgreSQL's programs; null: where they are found. */
  readonly programs: string | null;
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
    ...engineConfig(read, embeddedBelow !== null),
    programs: read.BACKUP_PROGRAMS ?? null,
    retention: retentionOf(read, repository),
    directory: repository?.kind === "directory" ? repository.path : null,
    credentials: credentialsIn(read),
    passphraseFile: read.ENCRYPTION_KEY ?? null,
    everyMs: read.BACKUP_INTERVAL * 1_000,
    drillEveryMs: read.BACKUP_DRILL_INTERVAL * 1_000,
  };
}

/** The embedded database archives by the built-in engine alone. */
function engineConfig(
  { BACKUP_ENGINE = "dump" }: Read,
  embedded: boolean,
): Pick<BackupConfig, "engine" | "scheduled"> {
  if (embedded) return { engine: "built-in", scheduled: true };
  return { engine: BACKUP_ENGINE === "none" ? "dump" : BACKUP_ENGINE, scheduled: BACKUP_ENGINE !== "none" };
}

interface BesideEngine {
  readonly DATABASE_URL?: unknown;
  readonly DATABASE_URL_FILE?: unknown;
  readonly DATABASE_ADMIN_URL?: unknown;
}

/** Issues for an engine that could not work. */
export function checkBackupEngine(read: Read & BesideEngine, context: z.RefinementCtx): void {
  const { BACKUP_ENGINE, DATABASE_URL, DATABASE_URL_FILE } = read;
  if (DATABASE_URL === undefined && DATABASE_URL_FILE === undefined) return;
  const issue = (path: string, message: string): void =>
    context.addIssue({ code: "custom", path: [path], message });
  if (BACKUP_ENGINE === "built-in")
    issue("BACKUP_ENGINE", "built-in is for the embedded database: dump, pgbackrest or none");
  if (BACKUP_ENGINE !== "pgbackrest") return;
  for (const needed of ["ENCRYPTION_KEY", "DATABASE_ADMIN_URL"] as const)
    if (read[needed] === undefined) issue(needed, "pgBackRest needs it");
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
