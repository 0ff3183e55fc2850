/** A bucket's name as S3 has it, and folders below it of letters, digits, `.`, `_` and `-`. */
const S3 =
  /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/((?:[A-Za-z0-9][A-Za-z0-9._-]*\/)*(?:[A-Za-z0-9][A-Za-z0-9._-]*)?))?$/;

/** Of `s3://BUCKET/PREFIX`; null for anything else. */
export function parseS3Place(text: string): { readonly bucket: string; readonly prefix: string } | null {
  const [, bucket, prefix = ""] = S3.exec(text) ?? [];
  return bucket === undefined ? null : { bucket, prefix };
}
