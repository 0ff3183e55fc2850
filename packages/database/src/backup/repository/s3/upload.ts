import { hash } from "node:crypto";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { CompletedPart } from "@aws-sdk/client-s3";
import { BackupError } from "../../errors.ts";
import type { PutOptions } from "../../ports.ts";
import type { Connection } from "./client.ts";
import { SourceFailure } from "./failures.ts";

/** Beyond this an object goes in parts of this size; S3 takes ten thousand of them. */
const PART_BYTES = 8 * 2 ** 20;

export interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

export interface Extras {
  readonly CacheControl?: string;
  readonly StorageClass?: "STANDARD" | "STANDARD_IA" | "ONEZONE_IA" | "INTELLIGENT_TIERING" | "GLACIER_IR";
  readonly ObjectLockMode?: "GOVERNANCE" | "COMPLIANCE";
  readonly ObjectLockRetainUntilDate?: Date;
}

/** Resolves when the store has said, by the checksum of what it stored, that it stored this. */
export async function upload(
  connection: Connection,
  place: Place,
  extras: Extras,
  content: AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<void> {
  const parts = partsOf(content, options.signal);
  const first = await parts.next();
  const second = first.done === true ? first : await parts.next();
  if (second.done === true) {
    const body = first.done === true ? Buffer.alloc(0) : first.value;
    return putWhole(connection, { ...place, ...extras }, body, options);
  }
  if (options.ifSame !== undefined) throw new TypeError(`${place.Key} is too large to be compared`);
  await putParts(connection, place, extras, prepend([first.value as Buffer, second.value], parts), options);
}

async function putWhole(
  connection: Connection,
  target: Place & Extras,
  body: Buffer,
  { ifAbsent, ifSame, signal }: PutOptions,
): Promise<void> {
  const checksum = hash("sha256", body, "base64");
  const condition = ifAbsent === true ? { IfNoneMatch: "*" } : await matching(connection, target, ifSame);
  await connection.ask(async (client, { PutObjectCommand }) => {
    const input = { ...target, ...condition, Body: body, ChecksumSHA256: checksum };
    try {
      const { ChecksumSHA256 } = await client.send(new PutObjectCommand(input), sendOptions(signal));
      assertConfirmed(target.Key, checksum, ChecksumSHA256);
    } catch (error) {
      if (!(await isOurs(connection, target, checksum, error))) throw error;
    }
  });
}

/** The store's own name of what stands there, when that is what is expected. */
async function matching(
  connection: Connection,
  { Bucket, Key }: Place,
  expected: Uint8Array | undefined,
): Promise<{ IfMatch?: string }> {
  if (expected === undefined) return {};
  return connection.ask(async (client, { GetObjectCommand }) => {
    const { ETag, Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket, Key }));
    const isSame = await holds(Body as Readable, ContentLength, expected);
    if (!isSame || ETag === undefined)
      throw new BackupError("object-exists", `${Key} was replaced meanwhile`);
    return { IfMatch: ETag };
  });
}

/** Whoever reads no answer to its end must end it: the library would keep its connection for good. */
async function holds(body: Readable, length: number | undefined, expected: Uint8Array): Promise<boolean> {
  if (length === expected.length) return (await buffer(body)).equals(expected);
  body.destroy();
  return false;
}

/** What stands in the way when the answer to an earlier attempt was lost, and it had stored what it was given. */
const REPEATED: ReadonlySet<unknown> = new Set(["PreconditionFailed", "NoSuchUpload"]);

async function isOurs(
  connection: Connection,
  { Bucket, Key }: Place,
  checksum: string,
  error: unknown,
): Promise<boolean> {
  const { name, $metadata } = error as { name?: unknown; $metadata?: { attempts?: number } };
  if (!REPEATED.has(name) || ($metadata?.attempts ?? 1) < 2) return false;
  return connection.ask(async (client, { HeadObjectCommand }) => {
    const input = { Bucket, Key, ChecksumMode: "ENABLED" } as const;
    const { ChecksumSHA256 } = await client.send(new HeadObjectCommand(input));
    return ChecksumSHA256 === checksum;
  });
}

async function putParts(
  connection: Connection,
  place: Place,
  extras: Extras,
  parts: AsyncIterable<Buffer>,
  options: PutOptions,
): Promise<void> {
  await connection.ask(async (client, library) => {
    const begun = { ...place, ...extras, ChecksumAlgorithm: "SHA256" } as const;
    const { UploadId } = await client.send(
      new library.CreateMultipartUploadCommand(begun),
      sendOptions(options.signal),
    );
    const named = { ...place, UploadId };
    try {
      const stored: CompletedPart[] = [];
      for await (const body of parts)
        stored.push(await putPart(connection, named, stored.length + 1, body, options.signal));
      await complete(connection, named, stored, options);
    } catch (error) {
      await client.send(new library.AbortMultipartUploadCommand(named)).catch(() => {});
      throw error;
    }
  });
}

interface NamedUpload extends Place {
  readonly UploadId: string | undefined;
}

async function complete(
  connection: Connection,
  named: NamedUpload,
  parts: CompletedPart[],
  { ifAbsent, signal }: PutOptions,
): Promise<void> {
  const checksum = checksumOfParts(parts);
  const condition = ifAbsent === true ? { IfNoneMatch: "*" } : {};
  const input = { ...named, ...condition, MultipartUpload: { Parts: parts } };
  await connection.ask(async (client, { CompleteMultipartUploadCommand }) => {
    try {
      const command = new CompleteMultipartUploadCommand(input);
      const { ChecksumSHA256 } = await client.send(command, sendOptions(signal));
      assertConfirmed(named.Key, checksum, ChecksumSHA256);
    } catch (error) {
      if (!(await isOurs(connection, named, checksum, error))) throw error;
    }
  });
}

function putPart(
  connection: Connection,
  named: NamedUpload,
  number: number,
  body: Buffer,
  signal: AbortSignal | undefined,
): Promise<CompletedPart> {
  const checksum = hash("sha256", body, "base64");
  return connection.ask(async (client, { UploadPartCommand }) => {
    const input = { ...named, PartNumber: number, Body: body, ChecksumSHA256: checksum };
    const { ETag, ChecksumSHA256 } = await client.send(new UploadPartCommand(input), sendOptions(signal));
    assertConfirmed(named.Key, checksum, ChecksumSHA256);
    return { PartNumber: number, ETag, ChecksumSHA256: checksum };
  });
}

/** Of an object in parts: the hash over the parts' hashes, and how many there are. */
function checksumOfParts(parts: readonly CompletedPart[]): string {
  const hashes = parts.map(({ ChecksumSHA256 = "" }) => Buffer.from(ChecksumSHA256, "base64"));
  return `${hash("sha256", Buffer.concat(hashes), "base64")}-${parts.length}`;
}

function assertConfirmed(name: string, expected: string, told: string | undefined): void {
  if (told === expected) return;
  throw new BackupError(
    "repository-unavailable",
    told === undefined
      ? `the store did not confirm ${name} with its checksum`
      : `the store has other bytes for ${name} than were sent`,
    { details: { object: name } },
  );
}

/** Pieces of the size of a part, the last one shorter. */
async function* partsOf(
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, undefined> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of guarded(content)) {
    signal?.throwIfAborted();
    held.push(piece);
    bytes += piece.length;
    while (bytes >= PART_BYTES) {
      const joined = Buffer.concat(held);
      yield joined.subarray(0, PART_BYTES);
      held = [joined.subarray(PART_BYTES)];
      bytes -= PART_BYTES;
    }
  }
  if (bytes > 0) yield Buffer.concat(held);
}

async function* guarded(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (error) {
    throw new SourceFailure(error);
  }
}

async function* prepend(first: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  yield* rest;
}

function sendOptions(signal: AbortSignal | undefined) {
  return signal === undefined ? {} : { abortSignal: signal };
}
