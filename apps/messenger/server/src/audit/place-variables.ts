import { join, resolve } from "node:path";
import { fields } from "@rempart/runtime";
import type { z } from "zod";
import { parseS3Place } from "../s3-place.ts";

const { text, url } = fields;

/** Of the messenger's variables, those about the place where the audit log is published. */
export const auditPlaceVariables = {
  AUDIT_REPOSITORY: text()
    .refine((value) => /^file:./.test(value) || parseS3Place(value) !== null, {
      error: "must be file:PATH or s3://BUCKET/PREFIX",
    })
    .optional()
    .describe(
      "Where the audit log is published, one place for all processes of an installation: file:PATH, or s3://BUCKET/PREFIX. Unset: audit under DATA_DIRECTORY.",
    ),
  AUDIT_S3_REGION: text({ max: 64 })
    .optional()
    .describe(
      "For s3: the region of the bucket; AWS_REGION unless set. Credentials are found as AWS's own tools find them.",
    ),
  AUDIT_S3_ENDPOINT: url(["http", "https"])
    .optional()
    .describe(
      "For s3: the address of a store that is not AWS's. It must answer with SHA-256 checksums, and know If-Match.",
    ),
};

export type AuditPlace =
  | { readonly kind: "directory"; readonly path: string }
  | {
      readonly kind: "s3";
      readonly bucket: string;
      readonly prefix: string;
      readonly region: string;
      readonly endpoint: string | null;
    };

type Read = z.infer<z.ZodObject<typeof auditPlaceVariables>> & {
  readonly AWS_REGION?: string | undefined;
  readonly DATA_DIRECTORY: string;
};

/** An issue when there is no region for the bucket. */
export function checkAuditPlaceVariables(read: Read, context: z.RefinementCtx): void {
  const inS3 = read.AUDIT_REPOSITORY !== undefined && parseS3Place(read.AUDIT_REPOSITORY) !== null;
  if (inS3 && regionOf(read) === undefined)
    context.addIssue({ code: "custom", path: ["AUDIT_S3_REGION"], message: "AUDIT_REPOSITORY is in S3" });
}

/** `checkAuditPlaceVariables` has passed. */
export function auditPlace(read: Read): AuditPlace {
  const { AUDIT_REPOSITORY: named, AUDIT_S3_ENDPOINT: endpoint, DATA_DIRECTORY: home } = read;
  if (named === undefined) return { kind: "directory", path: join(home, "audit") };
  const place = parseS3Place(named);
  if (place === null) return { kind: "directory", path: resolve(named.slice("file:".length)) };
  return { kind: "s3", ...place, region: regionOf(read) ?? "", endpoint: endpoint?.href ?? null };
}

function regionOf({ AUDIT_S3_REGION, AWS_REGION }: Read): string | undefined {
  return AUDIT_S3_REGION ?? AWS_REGION;
}
