/** An object store that believes nothing and breaks on demand. */
export { Bucket, type StoredObject } from "./s3/bucket.ts";
export type { S3Request } from "./s3/operations.ts";
export { S3_IDENTITY, type S3Fault, type S3Server, startS3 } from "./s3/server.ts";
