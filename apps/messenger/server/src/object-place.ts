/** A directory or a bucket that a variable names: of backups, of the published audit log. */
import { resolve } from "node:path";
import { type Repository, s3Repository } from "@rempart/database/backup";
import { fields } from "@rempart/runtime";
import type { z } from "zod";

const { text, url } = fields;

export type ObjectPlace = { readonly kind: "directory"; readonly path: string } | S3Place;

export interface S3Place {
  readonly kind: "s3";
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  /** Null: AWS's own. */
  readonly endpoint: string | null;
  /** File of those that the store's certificate may be of; null: the usual ones. */
  readonly authorities: string | null;
}

/** What variables say of a place in S3, whatever they are called. */
export const placeFields = {
  region: text({ max: 64 })
    .optional()
    .describe(
      "For s3: the region of the bucket; AWS_REGION unless set. Credentials are found as AWS's own tools find them.",
    ),
  endpoint: url(["http", "https"])
    .optional()
    .describe(
      "For s3: the address of a store that is not AWS's. It must answer with SHA-256 checksums, and know If-Match.",
    ),
  authorities: text()
    .optional()
    .describe(
      "For s3: file with the authorities that the store's certificate may be of. Unset: the usual ones.",
    ),
};

/** As read from the variables of one place. */
export interface NamedPlace {
  readonly address: string | undefined;
  readonly region: string | undefined;
  readonly endpoint: URL | undefined;
  readonly authorities: string | undefined;
}

/** A bucket's name as S3 has it, and folders below it of letters, digits, `.`, `_` and `-`. */
const S3 =
  /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/((?:[A-Za-z0-9][A-Za-z0-9._-]*\/)*(?:[A-Za-z0-9][A-Za-z0-9._-]*)?))?$/;

export function isPlace(address: string): boolean {
  return /^file:./.test(address) || S3.test(address);
}

/** An issue when there is no region for the bucket. */
export function checkRegion(
  variables: { readonly address: string; readonly region: string },
  { address, region }: NamedPlace,
  context: z.RefinementCtx,
): void {
  if (address === undefined || !S3.test(address) || region !== undefined) return;
  context.addIssue({ code: "custom", path: [variables.region], message: `${variables.address} is in S3` });
}

/** Null: none is named. `isPlace` and `checkRegion` have passed. */
export function objectPlace({ address, region, endpoint, authorities }: NamedPlace): ObjectPlace | null {
  if (address === undefined) return null;
  const [, bucket, prefix = ""] = S3.exec(address) ?? [];
  if (bucket === undefined) return { kind: "directory", path: resolve(address.slice("file:".length)) };
  return {
    kind: "s3",
    bucket,
    prefix,
    region: region ?? "",
    endpoint: endpoint?.href ?? null,
    authorities: authorities ?? null,
  };
}

export function s3In(
  { bucket, prefix, region, endpoint, authorities }: S3Place,
  options: Pick<Parameters<typeof s3Repository>[0], "lock"> = {},
): Repository {
  return s3Repository({
    ...options,
    bucket,
    prefix,
    region,
    // Stores that are not AWS's rarely have a host name for each bucket.
    ...(endpoint === null ? {} : { endpoint, pathStyle: true }),
    ...(authorities === null ? {} : { authorities }),
  });
}
