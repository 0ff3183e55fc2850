import { resolve } from "node:path";
import { fields } from "@rempart/runtime";
import type { z } from "zod";
import { parseS3Place } from "./s3-place.ts";

const { integer, text, url } = fields;

/** Of the messenger's variables, those about the place where backups are kept. */
export const repositoryVariables = {
  BACKUP_REPOSITORY: text()
    .refine((value) => value === "none" || /^file:./.test(value) || parseS3Place(value) !== null, {
      error: "must be file:PATH, s3://BUCKET/PREFIX or none",
    })
    .optional()
    .describe(
      "Where backups go: file:PATH, best on another machine's disk, s3://BUCKET/PREFIX, or none. Unset: with the embedded database, backups under DATA_DIRECTORY, which outlive a mistake and not the disk.",
    ),
  BACKUP_S3_REGION: text({ max: 64 })
    .optional()
    .describe(
      "For s3: the region of the bucket; AWS_REGION unless set. Credentials are found as AWS's own tools find them.",
    ),
  BACKUP_S3_ENDPOINT: url(["http", "https"])
    .optional()
    .describe("For s3: the address of a store that is not AWS's. It must answer with SHA-256 checksums."),
  BACKUP_S3_CA_FILE: text()
    .optional()
    .describe(
      "For s3: file with the authorities that the store's certificate may be of. Unset: the usual ones.",
    ),
  BACKUP_S3_LOCK_DAYS: integer({ min: 0, max: 3_650, unit: "days" })
    .default(0)
    .describe("For s3: nobody may remove backups before then, in a bucket that has object lock. 0: no lock."),
  BACKUP_KEEP_DAYS: integer({ min: 1, max: 3_650, unit: "days" })
    .optional()
    .describe("Every moment of so many days can be restored to. Unset: 7, and 30 in S3."),
  BACKUP_ARCHIVE_DAYS: integer({ min: 0, max: 3_650, unit: "days" })
    .optional()
    .describe(
      "Of each week of so many days one backup is kept, in S3 in the class for what is seldom read. Unset: 0, and 365 in S3.",
    ),
};

export type RepositoryConfig =
  | { readonly kind: "directory"; readonly path: string }
  | {
      readonly kind: "s3";
      readonly bucket: string;
      readonly prefix: string;
      readonly region: string;
      readonly endpoint: string | null;
      readonly authorities: string | null;
      readonly lockDays: number;
    };

type Read = z.infer<z.ZodObject<typeof repositoryVariables>> & { readonly AWS_REGION?: string | undefined };

/** An issue when there is no region for the bucket. */
export function checkRepositoryVariables(read: Read, context: z.RefinementCtx): void {
  const needed = read.BACKUP_REPOSITORY !== undefined && parseS3Place(read.BACKUP_REPOSITORY) !== null;
  if (needed && regionOf(read) === undefined)
    context.addIssue({ code: "custom", path: ["BACKUP_S3_REGION"], message: "BACKUP_REPOSITORY is in S3" });
}

/** Null: no backups. `checkRepositoryVariables` has passed. */
export function repositoryConfig(read: Read, unless: string | null): RepositoryConfig | null {
  const { BACKUP_REPOSITORY: named, BACKUP_S3_ENDPOINT: endpoint } = read;
  if (named === "none") return null;
  if (named === undefined) return unless === null ? null : { kind: "directory", path: unless };
  const place = parseS3Place(named);
  if (place === null) return { kind: "directory", path: resolve(named.slice("file:".length)) };
  const region = regionOf(read) ?? "";
  return {
    kind: "s3",
    ...place,
    region,
    endpoint: endpoint?.href ?? null,
    authorities: read.BACKUP_S3_CA_FILE ?? null,
    lockDays: read.BACKUP_S3_LOCK_DAYS,
  };
}

function regionOf({ BACKUP_S3_REGION, AWS_REGION }: Read): string | undefined {
  return BACKUP_S3_REGION ?? AWS_REGION;
}

export interface Retention {
  readonly keepMs: number;
  readonly archiveMs: number;
}

const DAY_MS = 24 * 3_600_000;

export function retentionOf(read: Read, repository: RepositoryConfig | null): Retention {
  const [keep, archive] = repository?.kind === "s3" ? [30, 365] : [7, 0];
  return {
    keepMs: (read.BACKUP_KEEP_DAYS ?? keep) * DAY_MS,
    archiveMs: (read.BACKUP_ARCHIVE_DAYS ?? archive) * DAY_MS,
  };
}
