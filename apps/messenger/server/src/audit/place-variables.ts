import { join } from "node:path";
import { fields } from "@rempart/runtime";
import type { z } from "zod";
import {
  checkRegion,
  isPlace,
  type NamedPlace,
  type ObjectPlace,
  objectPlace,
  placeFields,
} from "../object-place.ts";

/** Of the messenger's variables, those about the place where the audit log is published. */
export const auditPlaceVariables = {
  AUDIT_REPOSITORY: fields
    .text()
    .refine(isPlace, { error: "must be file:PATH or s3://BUCKET/PREFIX" })
    .optional()
    .describe(
      "Where the audit log is published, one place for all processes of an installation: file:PATH, or s3://BUCKET/PREFIX. Unset: audit under DATA_DIRECTORY.",
    ),
  AUDIT_S3_REGION: placeFields.region,
  AUDIT_S3_ENDPOINT: placeFields.endpoint,
  AUDIT_S3_CA_FILE: placeFields.authorities,
};

type Read = z.infer<z.ZodObject<typeof auditPlaceVariables>> & {
  readonly AWS_REGION?: string | undefined;
  readonly DATA_DIRECTORY: string;
};

export function checkAuditPlaceVariables(read: Read, context: z.RefinementCtx): void {
  checkRegion({ address: "AUDIT_REPOSITORY", region: "AUDIT_S3_REGION" }, named(read), context);
}

/** `checkAuditPlaceVariables` has passed. */
export function auditPlace(read: Read): ObjectPlace {
  return objectPlace(named(read)) ?? { kind: "directory", path: join(read.DATA_DIRECTORY, "audit") };
}

function named(read: Read): NamedPlace {
  return {
    address: read.AUDIT_REPOSITORY,
    region: read.AUDIT_S3_REGION ?? read.AWS_REGION,
    endpoint: read.AUDIT_S3_ENDPOINT,
    authorities: read.AUDIT_S3_CA_FILE,
  };
}
