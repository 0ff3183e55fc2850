import { join } from "node:path";
import type { BackedUpFile } from "../manifest.ts";
import { BLOCK_BYTES } from "../sealed/frames.ts";
import { CONTROL_FILE, openToRead, readControlFile } from "./data-files.ts";

interface Source {
  /** Bytes from its beginning that belong to the backup. */
  readonly size: number;
  /** How many were read; 0 when the file has shrunk to less. */
  read(into: Buffer, offset: number, length: number, position: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * The files one after the other, in blocks of 1 MiB. `onFile` is told of each in order, once its last byte was read: a file
 * that grows meanwhile is read to where it ended when it was opened, and the log has the rest; one that was dropped is left out.
 */
export async function* readTape(
  root: string,
  paths: readonly string[],
  onFile: (file: BackedUpFile) => void,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  let block = Buffer.allocUnsafe(BLOCK_BYTES);
  let filled = 0;
  for (const path of paths) {
    signal?.throwIfAborted();
    const source = await openSource(root, path);
    if (source === null) continue;
    let size = 0;
    try {
      while (size < source.size) {
        const room = Math.min(BLOCK_BYTES - filled, source.size - size);
        const read = await source.read(block, filled, room, size);
        if (read === 0) break;
        size += read;
        filled += read;
        if (filled < BLOCK_BYTES) continue;
        yield block;
        block = Buffer.allocUnsafe(BLOCK_BYTES);
        filled = 0;
      }
    } finally {
      await source.close();
    }
    onFile({ path, size });
  }
  if (filled > 0) yield block.subarray(0, filled);
}

async function openSource(root: string, path: string): Promise<Source | null> {
  if (path === CONTROL_FILE) return inMemory(await readControlFile(root));
  const handle = await openToRead(join(root, path));
  if (handle === null) return null;
  return {
    size: (await handle.stat()).size,
    read: async (into, offset, length, position) =>
      (await handle.read(into, offset, length, position)).bytesRead,
    close: () => handle.close(),
  };
}

function inMemory(content: Buffer): Source {
  return {
    size: content.length,
    read: async (into, offset, length, position) => content.copy(into, offset, position, position + length),
    close: async () => {},
  };
}
