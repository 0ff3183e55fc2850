import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { altered, openSealed, type Vault } from "../sealed/objects.ts";
import { type DumpedFile, type DumpManifest, dumpedFileName } from "./manifest.ts";

export interface OpenOptions {
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (done: number) => void;
  /** Whether the file is written too, or read only. */
  readonly wanted?: (name: string) => boolean;
}

/** Writes the files of a dump into `folder`, which `pg_restore` then reads. Throws as `openSealed` does. */
export async function openDump(
  vault: Vault,
  manifest: DumpManifest,
  folder: string,
  { signal, onBytes, wanted = () => true }: OpenOptions,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let done = 0;
  for (const file of manifest.files) {
    signal?.throwIfAborted();
    const content = readFileOf(vault, manifest.id, file, signal);
    if (wanted(file.name))
      await pipeline(
        Readable.from(content),
        createWriteStream(join(folder, file.name), { flags: "wx", mode: 0o600 }),
      );
    else for await (const _ of content);
    done += file.size;
    onBytes(done);
  }
}

/** Exactly as many bytes as the manifest says. */
async function* readFileOf(
  vault: Vault,
  id: string,
  { name, size }: DumpedFile,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const object = dumpedFileName(id, name);
  let length = 0;
  for await (const piece of openSealed(vault, object, signal)) {
    length += piece.length;
    if (length > size) throw altered(object, "it is longer than the manifest says");
    yield piece;
  }
  if (length !== size) throw altered(object, "it is shorter than the manifest says");
}
