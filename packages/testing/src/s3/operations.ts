/** The operations of S3 that a repository needs (Amazon S3 API Reference, version 2006-03-01). */
import { type Bucket, etagOf, type StoredObject, sha256, type Upload } from "./bucket.ts";

export interface S3Request {
  readonly method: string;
  readonly bucketName: string;
  readonly key: string;
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export function answerTo(bucket: Bucket, request: S3Request, pageSize: number): S3Answer {
  if (request.bucketName !== "backups") return s3Error(404, "NoSuchBucket");
  const { method, query, key } = request;
  if (method === "GET" && key === "")
    return query.has("uploads") ? listUploads(bucket, request) : list(bucket, request, pageSize);
  if (method === "GET" || method === "HEAD") return get(bucket, request);
  if (method === "DELETE") return query.has("uploadId") ? abort(bucket, request) : remove(bucket, request);
  if (method === "POST" && query.has("delete")) return removeMany(bucket, request);
  if (method === "POST") return query.has("uploads") ? begin(bucket, request) : complete(bucket, request);
  if (method !== "PUT") return s3Error(405, "MethodNotAllowed");
  if (query.has("uploadId")) return putPart(bucket, request);
  return request.header("x-amz-copy-source") === undefined ? put(bucket, request) : copy(bucket, request);
}

export function s3Error(status: number, code: string): S3Answer {
  return xml(status, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

function xml(status: number, text: string): S3Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`);
  return { status, headers: { "content-type": "application/xml" }, body };
}

/** A body without a checksum, or with a wrong one, is refused: this store is asked to keep what cannot be had again. */
function badBody({ unsummed }: Bucket, { body, header }: S3Request): S3Answer | null {
  const checksum = header("x-amz-checksum-sha256");
  if (checksum === undefined) return unsummed ? null : s3Error(400, "InvalidRequest");
  return checksum === sha256(body) ? null : s3Error(400, "BadDigest");
}

function conditionFails(bucket: Bucket, { key, header }: S3Request): boolean {
  const found = bucket.objects.get(key);
  const match = header("if-match");
  if (match !== undefined) return found === undefined || etagOf(found.body) !== match;
  return header("if-none-match") === "*" && found !== undefined;
}

function lockOf({ header }: S3Request): StoredObject["lock"] {
  const mode = header("x-amz-object-lock-mode");
  const until = header("x-amz-object-lock-retain-until-date");
  return mode === undefined || until === undefined ? null : { mode, until };
}

function storageClassOf({ header }: S3Request): string {
  return header("x-amz-storage-class") ?? "STANDARD";
}

function put(bucket: Bucket, request: S3Request): S3Answer {
  const bad = badBody(bucket, request);
  if (bad !== null) return bad;
  if (conditionFails(bucket, request)) return s3Error(412, "PreconditionFailed");
  const { key, body } = request;
  const [storageClass, lock] = [storageClassOf(request), lockOf(request)];
  const checksum = sha256(body);
  const cacheControl = request.header("cache-control") ?? null;
  bucket.objects.set(key, { body, checksum, modifiedAt: Date.now(), storageClass, lock, cacheControl });
  return { status: 200, headers: { etag: etagOf(body), "x-amz-checksum-sha256": checksum } };
}

function copy(bucket: Bucket, request: S3Request): S3Answer {
  const [, ...parts] = decodeURIComponent(request.header("x-amz-copy-source") ?? "")
    .replace(/^\//, "")
    .split("/");
  const source = bucket.objects.get(parts.join("/"));
  if (source === undefined) return s3Error(404, "NoSuchKey");
  const storageClass = storageClassOf(request);
  const lock = lockOf(request);
  bucket.objects.set(request.key, { ...source, modifiedAt: Date.now(), storageClass, lock });
  return xml(200, `<CopyObjectResult><ETag>${etagOf(source.body)}</ETag></CopyObjectResult>`);
}

function get(bucket: Bucket, { key, method, header }: S3Request): S3Answer {
  const found = bucket.objects.get(key);
  if (found === undefined) return method === "HEAD" ? { status: 404 } : s3Error(404, "NoSuchKey");
  const headers = {
    etag: etagOf(found.body),
    "last-modified": new Date(found.modifiedAt).toUTCString(),
    "x-amz-storage-class": found.storageClass,
  };
  const whole = { ...headers, "x-amz-checksum-sha256": found.checksum };
  if (method === "HEAD")
    return { status: 200, headers: { ...whole, "content-length": String(found.body.length) } };
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(header("range") ?? "") ?? [];
  if (from === undefined) return { status: 200, headers: whole, body: found.body };
  if (Number(from) >= found.body.length) return s3Error(416, "InvalidRange");
  const body = found.body.subarray(Number(from), to === "" ? undefined : Number(to) + 1);
  const range = `bytes ${from}-${Number(from) + body.length - 1}/${found.body.length}`;
  return { status: 206, headers: { ...headers, "content-range": range }, body };
}

function remove(bucket: Bucket, { key }: S3Request): S3Answer {
  bucket.objects.delete(key);
  return { status: 204 };
}

/** Up to a thousand keys, as XML. */
function removeMany(bucket: Bucket, { body }: S3Request): S3Answer {
  for (const [, key = ""] of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)) bucket.objects.delete(key);
  return xml(200, "<DeleteResult></DeleteResult>");
}

function list(bucket: Bucket, { query }: S3Request, pageSize: number): S3Answer {
  if (query.get("list-type") !== "2") return s3Error(400, "InvalidArgument");
  const prefix = query.get("prefix") ?? "";
  const after = query.get("continuation-token") ?? "";
  const all = bucket.listed().filter(([key]) => key.startsWith(prefix) && key > after);
  const delimiter = query.get("delimiter");
  if (delimiter !== null) return listFolder(all, prefix, delimiter);
  const page = all.slice(0, pageSize);
  const more = all.length > page.length;
  const next = more ? `<NextContinuationToken>${page.at(-1)?.[0]}</NextContinuationToken>` : "";
  return xml(
    200,
    `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${page.map(contents).join("")}</ListBucketResult>`,
  );
}

/** What lies deeper shows as the folder it lies in. All at once. */
function listFolder(
  all: readonly (readonly [string, StoredObject])[],
  prefix: string,
  delimiter: string,
): S3Answer {
  const endOf = (key: string): number => key.indexOf(delimiter, prefix.length);
  const here = all.filter(([key]) => endOf(key) < 0);
  const folders = all.filter(([key]) => endOf(key) >= 0).map(([key]) => key.slice(0, endOf(key) + 1));
  const common = [...new Set(folders)].map(
    (folder) => `<CommonPrefixes><Prefix>${folder}</Prefix></CommonPrefixes>`,
  );
  return xml(
    200,
    `<ListBucketResult><IsTruncated>false</IsTruncated>${here.map(contents).join("")}${common.join("")}</ListBucketResult>`,
  );
}

function contents([key, { body, modifiedAt, storageClass }]: readonly [string, StoredObject]): string {
  return `<Contents><Key>${key}</Key><Size>${body.length}</Size><LastModified>${new Date(modifiedAt).toISOString()}</LastModified><StorageClass>${storageClass}</StorageClass></Contents>`;
}

const MIN_PART_BYTES = 5 * 2 ** 20;

function begin(bucket: Bucket, request: S3Request): S3Answer {
  const { key } = request;
  const id = bucket.begin({ key, storageClass: storageClassOf(request), lock: lockOf(request) });
  return xml(
    200,
    `<InitiateMultipartUploadResult><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
  );
}

function uploadOf(bucket: Bucket, { query, key }: S3Request): Upload | null {
  const upload = bucket.uploads.get(query.get("uploadId") ?? "");
  return upload?.key === key ? upload : null;
}

function putPart(bucket: Bucket, request: S3Request): S3Answer {
  const upload = uploadOf(bucket, request);
  const number = Number(request.query.get("partNumber"));
  if (upload === null) return s3Error(404, "NoSuchUpload");
  if (!(number >= 1 && number <= 10_000)) return s3Error(400, "InvalidArgument");
  const bad = badBody(bucket, request);
  if (bad !== null) return bad;
  upload.parts.set(number, request.body);
  const headers = { etag: etagOf(request.body), "x-amz-checksum-sha256": sha256(request.body) };
  return { status: 200, headers };
}

/** Each part is named with its number and what the store said of it; all but the last have their least size. */
function complete(bucket: Bucket, request: S3Request): S3Answer {
  const upload = uploadOf(bucket, request);
  if (upload === null) return s3Error(404, "NoSuchUpload");
  const named = [...request.body.toString().matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => part);
  const parts = named.map((part) => upload.parts.get(Number(/<PartNumber>(\d+)</.exec(part)?.[1])));
  const wrong = parts.some(
    (part, at) => part === undefined || !tellsOf(named[at] as string, part, bucket.unsummed),
  );
  if (wrong || parts.length === 0) return s3Error(400, "InvalidPart");
  if (parts.slice(0, -1).some((part) => (part?.length ?? 0) < MIN_PART_BYTES))
    return s3Error(400, "EntityTooSmall");
  if (conditionFails(bucket, request)) return s3Error(412, "PreconditionFailed");
  const body = Buffer.concat(parts.filter((part) => part !== undefined));
  const { storageClass, lock } = upload;
  const hashes = parts.map((part) => Buffer.from(sha256(part as Buffer), "base64"));
  const checksum = `${sha256(Buffer.concat(hashes))}-${parts.length}`;
  const modifiedAt = Date.now();
  bucket.objects.set(request.key, { body, checksum, modifiedAt, storageClass, lock, cacheControl: null });
  bucket.uploads.delete(request.query.get("uploadId") ?? "");
  return xml(
    200,
    `<CompleteMultipartUploadResult><ETag>${etagOf(body)}</ETag><ChecksumSHA256>${checksum}</ChecksumSHA256></CompleteMultipartUploadResult>`,
  );
}

function tellsOf(text: string, part: Buffer, unsummed: boolean): boolean {
  const etag = /<ETag>(?:&quot;|")?([0-9a-f]{32})/.exec(text)?.[1];
  const told = unsummed || text.includes(`<ChecksumSHA256>${sha256(part)}<`);
  return told && etag === etagOf(part).slice(1, -1);
}

function abort(bucket: Bucket, request: S3Request): S3Answer {
  if (uploadOf(bucket, request) === null) return s3Error(404, "NoSuchUpload");
  bucket.uploads.delete(request.query.get("uploadId") ?? "");
  return { status: 204 };
}

function listUploads(bucket: Bucket, { query }: S3Request): S3Answer {
  const prefix = query.get("prefix") ?? "";
  const entries = [...bucket.uploads]
    .filter(([, { key }]) => key.startsWith(prefix))
    .map(
      ([id, { key, begunAt }]) =>
        `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${new Date(begunAt).toISOString()}</Initiated></Upload>`,
    );
  return xml(
    200,
    `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${entries.join("")}</ListMultipartUploadsResult>`,
  );
}
