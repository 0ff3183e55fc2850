import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { packName } from "../layout.ts";
import type { BackedUpFile, BackupManifest } from "../manifest.ts";
import { decodeBlock, type Frame, readFrames } from "../sealed/frames.ts";
import { eachOf, inOrder } from "../sealed/in-order.ts";
import { altered, openSealed, type Vault } from "../sealed/objects.ts";

const PACKS_UNDER_WAY = 2;
const BLOCKS_UNDER_WAY = 4;

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of the tape, so far. */
  readonly onBytes: (bytes: number) => void;
}

export interface PackToRead {
  readonly name: string;
  readonly bytes: number;
  /** On the tape. */
  readonly position: number;
}

/** Takes the blocks of a pack in order, each with its place on the tape. */
export interface BlockSink {
  take(block: Buffer, position: number): Promise<void>;
  end(): Promise<void>;
}

export function packsOf({ id, packs }: BackupManifest): PackToRead[] {
  let position = 0;
  return packs.map(({ bytes }, index) => {
    const pack = { name: packName(id, index), bytes, position };
    position += bytes;
    return pack;
  });
}

/** Reads every pack of a backup. Rejects with `object-missing`, `object-altered` or `wrong-key`, which name the object. */
export async function readPacks(
  vault: Vault,
  manifest: BackupManifest,
  sinkOf: () => BlockSink,
  { signal, onBytes }: ReadOptions,
): Promise<void> {
  let done = 0;
  await eachOf(packsOf(manifest), PACKS_UNDER_WAY, (pack) =>
    readPack(vault, pack, sinkOf(), {
      signal,
      onBytes(bytes) {
        done += bytes;
        onBytes(done);
      },
    }),
  );
}

/** `onBytes` is told of each block's. */
export async function readPack(
  vault: Vault,
  pack: PackToRead,
  sink: BlockSink,
  { signal, onBytes }: ReadOptions,
): Promise<void> {
  const { name, bytes, position } = pack;
  let at = 0;
  try {
    for await (const block of inOrder(framesOf(vault, name, signal), BLOCKS_UNDER_WAY, decodeBlock)) {
      signal?.throwIfAborted();
      if (at + block.length > bytes) throw new RangeError("it holds more than the manifest says");
      await sink.take(block, position + at);
      at += block.length;
      onBytes(block.length);
    }
    if (at < bytes) throw new RangeError("it holds less than the manifest says");
  } catch (error) {
    throw error instanceof RangeError ? altered(name, error.message, error) : error;
  } finally {
    await sink.end();
  }
}

function framesOf(
  vault: Vault,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Frame, void, void> {
  return readFrames(openSealed(vault, name, signal));
}

interface Place {
  readonly path: string;
  /** On the tape. */
  readonly from: number;
  readonly to: number;
}

/** Writes the blocks into the files they are of. Each sink has at most one file open. */
export function fileSinks(root: string, { files }: BackupManifest): () => BlockSink {
  const places = placesOf(files);
  return () => {
    let index = -1;
    let handle: FileHandle | undefined;

    async function fileAt(position: number): Promise<{ handle: FileHandle; place: Place }> {
      if (handle === undefined || (places[index] as Place).to <= position) {
        await handle?.close();
        index = placeAt(places, position, Math.max(index, 0));
        const { path } = places[index] as Place;
        handle = await open(join(root, path), constants.O_WRONLY | constants.O_CREAT, 0o600);
      }
      return { handle, place: places[index] as Place };
    }

    return {
      async take(block, position) {
        for (let done = 0; done < block.length; ) {
          const at = position + done;
          const file = await fileAt(at);
          const part = block.subarray(done, done + file.place.to - at);
          await writeAt(file.handle, part, at - file.place.from);
          done += part.length;
        }
      },
      end: async () => handle?.close(),
    };
  };
}

function placesOf(files: readonly BackedUpFile[]): Place[] {
  let from = 0;
  return files.map(({ path, size }) => {
    const place = { path, from, to: from + size };
    from = place.to;
    return place;
  });
}

/** The file that holds this byte of the tape: none that is empty. */
function placeAt(places: readonly Place[], position: number, from: number): number {
  let low = from;
  let high = places.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] as Place).to <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Reads and forgets: what `verify` needs. */
export const noSink: BlockSink = { take: async () => {}, end: async () => {} };
