import { fields } from "@rempart/runtime";
import type { z } from "zod";
import {
  checkRegion,
  isPlace,
  type NamedPlace,
  type ObjectPlace,
  objectPlace,
  placeFields,
  type S3Place,
} from "./object-place.ts";

const { integer, text } = fields;
const NOWHERE = "none";

/** Of the messenger's variables, those about the place where backups are kept. */
export const repositoryVariables = {
  BACKUP_REPOSITORY: text()
    .refine((value) => value === NOWHERE || isPlace(value), {
      error: "must be file:PATH, s3://BUCKET/PREFIX or none",
    })
    .optional()
    .describe(
      "Where backups go: file:PATH, best on another machine's disk, s3://BUCKET/PREFIX, or none. Unset: with the embedded database, backups under DATA_DIRECTORY, which outlive a mistake and not the disk.",
    ),
  BACKUP_S3_REGION: placeFields.region,
  BACKUP_S3_ENDPOINT: placeFields.endpoint,
  BACKUP_S3_CA_FILE: placeFields.authorities,
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

export type RepositoryConfig = Exclude<ObjectPlace, S3Place> | (S3Place & { readonly lockDays: number });

type Read = z.infer<z.ZodObject<typeof repositoryVariables>> & { readonly AWS_REGION?: string | undefined };

export function checkRepositoryVariables(read: Read, context: z.RefinementCtx): void {
  checkRegion({ address: "BACKUP_REPOSITORY", region: "BACKUP_S3_REGION" }, named(read), context);
}

/** Null: no backups. `checkRepositoryVariables` has passed. */
export function repositoryConfig(read: Read, unless: string | null): RepositoryConfig | null {
  if (read.BACKUP_REPOSITORY === NOWHERE) return null;
  const place = objectPlace(named(read));
  if (place === null) return unless === null ? null : { kind: "directory", path: unless };
  return place.kind === "directory" ? place : { ...place, lockDays: read.BACKUP_S3_LOCK_DAYS };
}

function named(read: Read): NamedPlace {
  return {
    address: read.BACKUP_REPOSITORY,
    region: read.BACKUP_S3_REGION ?? read.AWS_REGION,
    endpoint: read.BACKUP_S3_ENDPOINT,
    authorities: read.BACKUP_S3_CA_FILE,
  };
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
