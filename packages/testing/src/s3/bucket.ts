import { createHash, randomUUID } from "node:crypto";

export interface StoredObject {
  body: Buffer;
  /** As it was told when it was stored. */
  readonly checksum: string;
  readonly modifiedAt: number;
  readonly storageClass: string;
  /** The header values of object lock; null: not locked. */
  readonly lock: { readonly mode: string; readonly until: string } | null;
  /** As it was told when it was stored; null: nothing was. */
  readonly cacheControl: string | null;
}

export interface Upload {
  readonly key: string;
  readonly begunAt: number;
  readonly parts: Map<number, Buffer>;
  readonly storageClass: string;
  readonly lock: StoredObject["lock"];
}

/** What a bucket holds. Tests lose, cut and change objects here. */
export class Bucket {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, Upload>();
  /** Keeps what came without a checksum of S3's. */
  readonly unsummed: boolean;
  #shown: ReadonlyMap<string, StoredObject> | null = null;

  constructor(unsummed = false) {
    this.unsummed = unsummed;
  }

  /** Lists go on telling what is there now, whatever is written from here on; false ends it. */
  freezeLists(frozen: boolean): void {
    this.#shown = frozen ? new Map(this.objects) : null;
  }

  /** As a list tells it, in the order of the bytes of keys. */
  listed(): [string, StoredObject][] {
    return [...(this.#shown ?? this.objects)].sort(([a], [b]) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
  }

  begin(upload: Omit<Upload, "begunAt" | "parts">): string {
    const id = randomUUID();
    this.uploads.set(id, { ...upload, begunAt: Date.now(), parts: new Map() });
    return id;
  }
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64");
}

export function etagOf(bytes: Buffer): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}
