import { join } from "node:path";
import type { BackedUpFile } from "../manifest.ts";
import { PAGE_BYTES } from "../pages/page-checksum.ts";
import { firstBlockOf } from "../pages/relation-files.ts";
import { BLOCK_BYTES } from "../sealed/frames.ts";
import { CONTROL_FILE, openToRead, readControlFile } from "./data-files.ts";
import type { PageChecks } from "./page-checks.ts";

interface Source {
  /** Bytes from its beginning that belong to the backup. */
  readonly size: number;
  /** How many were read; 0 when the file has shrunk to less. */
  read(into: Buffer, offset: number, length: number, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface TapeOptions {
  readonly root: string;
  readonly paths: readonly string[];
  readonly onFile: (file: BackedUpFile) => void;
  /** Sees every page on its way. Left out where pages carry no checksums. */
  readonly checks?: PageChecks | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The files one after the other, in blocks of up to 1 MiB; no page is cut in two. `onFile` is told of each in order, once its last byte was read: a file
 * that grows meanwhile is read to where it ended when it was opened, and the log has the rest; one that was dropped is left out.
 */
export async function* readTape(options: TapeOptions): AsyncGenerator<Buffer, void, void> {
  const { root, paths, onFile, checks, signal } = options;
  let block = Buffer.allocUnsafe(BLOCK_BYTES);
  let filled = 0;
  for (const path of paths) {
    signal?.throwIfAborted();
    const source = await openSource(root, path);
    if (source === null) continue;
    let size = 0;
    try {
      while (size < source.size) {
        const room = roomFor(path, BLOCK_BYTES - filled);
        const wanted = Math.min(room, source.size - size);
        const read =
          wanted === 0 ? 0 : await readFully(source, block.subarray(filled, filled + wanted), size);
        await checks?.check(path, block.subarray(filled, filled + read), size, (into, position) =>
          readFully(source, into, position),
        );
        size += read;
        filled += read;
        if (read < wanted) break;
        if (size === source.size && filled < BLOCK_BYTES) continue;
        yield block.subarray(0, filled);
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

/** Whole pages, where there are pages. */
function roomFor(path: string, room: number): number {
  return firstBlockOf(path) === null ? room : room - (room % PAGE_BYTES);
}

/** Fewer bytes than there is room for only where the file ends. */
async function readFully(source: Source, into: Buffer, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const read = await source.read(into, done, into.length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return done;
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
