import { type Clock, systemClock } from "@rempart/kernel";
import type { GetOptions, ObjectInfo, PutOptions, Repository } from "../../ports.ts";
import { assertObjectName } from "../names.ts";
import { Connection } from "./client.ts";
import { failureOf, SourceFailure } from "./failures.ts";
import type { S3RepositoryOptions } from "./options.ts";
import { type Extras, type Place, upload } from "./upload.ts";

const DAY_MS = 24 * 3_600_000;
const PREFIX = /^(?:[A-Za-z0-9][A-Za-z0-9._-]*\/)*$/;
/** What nobody may remove before its time: not locks and tips, which come and go. */
const LOCKED = /^(?:backups|wal)\//;

/**
 * Objects of S3, or of a store that speaks its language and answers uploads with the checksum of what it stored. New objects are
 * written on the condition that nothing stands there, where that is asked for.
 */
export function s3Repository(options: S3RepositoryOptions, clock: Clock = systemClock): Repository {
  const store = new S3Store(options, clock);
  const archiveClass = options.archiveClass ?? "GLACIER_IR";
  return {
    location: `s3://${options.bucket}/${store.prefix}`,
    put: (name, content, putOptions = {}) => store.put(name, content, putOptions),
    get: (name, getOptions = {}) => store.get(name, getOptions),
    list: (prefix) => store.list(prefix),
    delete: (name) => store.delete(name),
    archive: (name) => store.archive(name, archiveClass),
    tidy: (before) => store.tidy(before),
  };
}

class S3Store {
  readonly prefix: string;
  readonly #options: S3RepositoryOptions;
  readonly #connection: Connection;
  readonly #clock: Clock;

  constructor(options: S3RepositoryOptions, clock: Clock) {
    const { prefix = "" } = options;
    this.prefix = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
    if (!PREFIX.test(this.prefix)) throw new TypeError(`${prefix} cannot be a prefix`);
    this.#options = options;
    this.#connection = new Connection(options);
    this.#clock = clock;
  }

  put(name: string, content: AsyncIterable<Uint8Array>, options: PutOptions): Promise<void> {
    const place = this.#place(name);
    return translated(name, () =>
      upload(this.#connection, place, this.#extrasOf(name, options), content, options),
    );
  }

  get(name: string, { from = 0, to, signal }: GetOptions): Promise<AsyncIterable<Uint8Array>> {
    const place = this.#place(name);
    const empty = to !== undefined && to <= from;
    const range = `bytes=${empty ? from : `${from}-${to === undefined ? "" : to - 1}`}`;
    return translated(name, () =>
      this.#connection.ask(async (client, { GetObjectCommand, HeadObjectCommand }) => {
        if (empty) await client.send(new HeadObjectCommand(place));
        if (empty) return nothing();
        const input = from === 0 && to === undefined ? place : { ...place, Range: range };
        const abort = signal === undefined ? {} : { abortSignal: signal };
        const found = await client.send(new GetObjectCommand(input), abort).catch(noneBeyondTheEnd);
        return found === null ? nothing() : readingOf(name, found.Body as AsyncIterable<Uint8Array>);
      }),
    );
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    let token: string | undefined;
    do {
      const page = await translated(prefix, () => this.#page(prefix, token));
      for (const { Key = "", Size = 0, LastModified, StorageClass = "STANDARD" } of page.Contents ?? [])
        yield {
          name: Key.slice(this.prefix.length),
          size: Size,
          modifiedAt: LastModified?.getTime() ?? 0,
          archived: StorageClass === (this.#options.archiveClass ?? "GLACIER_IR"),
        };
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  #page(prefix: string, token: string | undefined) {
    const input = { Bucket: this.#options.bucket, Prefix: this.prefix + prefix };
    return this.#connection.ask((client, { ListObjectsV2Command }) =>
      client.send(
        new ListObjectsV2Command(token === undefined ? input : { ...input, ContinuationToken: token }),
      ),
    );
  }

  delete(name: string): Promise<void> {
    const place = this.#place(name);
    return translated(name, async () => {
      await this.#connection.ask((client, { DeleteObjectCommand }) =>
        client.send(new DeleteObjectCommand(place)),
      );
    });
  }

  /** A copy over itself. */
  archive(name: string, storageClass: NonNullable<S3RepositoryOptions["archiveClass"]>): Promise<void> {
    const place = this.#place(name);
    const source = { CopySource: `${place.Bucket}/${place.Key}` };
    return translated(name, async () => {
      await this.#connection.ask((client, { CopyObjectCommand }) =>
        client.send(new CopyObjectCommand({ ...place, ...source, ...this.#extras(name, storageClass) })),
      );
    });
  }

  /** Uploads in parts that nobody will complete: they cost room and are not listed. */
  tidy(before: number): Promise<void> {
    const { bucket: Bucket } = this.#options;
    return translated("", () =>
      this.#connection.ask(async (client, library) => {
        const list = new library.ListMultipartUploadsCommand({ Bucket, Prefix: this.prefix });
        // A thousand at once; the next round has the rest.
        const { Uploads = [] } = await client.send(list);
        for (const { Key, UploadId, Initiated } of Uploads)
          if (Initiated !== undefined && Initiated.getTime() < before)
            await client.send(new library.AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
      }),
    );
  }

  #place(name: string): Place {
    assertObjectName(name);
    return { Bucket: this.#options.bucket, Key: this.prefix + name };
  }

  #extrasOf(name: string, { cacheControl }: PutOptions): Extras {
    const extras = this.#extras(name, this.#options.storageClass);
    return cacheControl === undefined ? extras : { ...extras, CacheControl: cacheControl };
  }

  #extras(name: string, storageClass: S3RepositoryOptions["storageClass"]): Extras {
    const { lock } = this.#options;
    return {
      ...(storageClass === undefined ? {} : { StorageClass: storageClass }),
      ...(lock === undefined || !LOCKED.test(name)
        ? {}
        : {
            ObjectLockMode: lock.mode,
            ObjectLockRetainUntilDate: new Date(this.#clock.now() + lock.days * DAY_MS),
          }),
    };
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** An empty object has no first byte either. */
function noneBeyondTheEnd(error: unknown): null {
  if ((error as { name?: unknown }).name === "InvalidRange") return null;
  throw error;
}

async function* readingOf(name: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw failureOf(name, error);
  }
}

async function translated<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof SourceFailure ? error.source : failureOf(name, error);
  }
}
