import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isSoundPage, PAGE_BYTES } from "../pages/page-checksum.ts";
import { firstBlockOf } from "../pages/relation-files.ts";

export interface PageReport {
  readonly pages: number;
  /** As `base/16384/2619, block 3`; the first hundred. */
  readonly damaged: readonly string[];
}

const CHUNK_BYTES = 128 * PAGE_BYTES;
const LISTED = 100;

/** Reads every page of a stopped server's data directory and compares its checksum: those of tables and of indexes. */
export async function readPages(dataDirectory: string, signal?: AbortSignal): Promise<PageReport> {
  const damaged: string[] = [];
  let pages = 0;
  for (const path of await relationFiles(dataDirectory)) {
    signal?.throwIfAborted();
    const report = await readFilePages(dataDirectory, path);
    pages += report.pages;
    damaged.push(...report.damaged.slice(0, LISTED - damaged.length));
  }
  return { pages, damaged };
}

async function relationFiles(root: string): Promise<string[]> {
  const found: string[] = [];
  const tablespaces = (await readdir(join(root, "pg_tblspc"))).map((oid) => `pg_tblspc/${oid}/`);
  for (const folder of ["base", "global", ...tablespaces]) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const { parentPath, name } of entries.filter((entry) => entry.isFile()))
      found.push(join(parentPath, name).slice(root.length + 1));
  }
  return found.filter((path) => firstBlockOf(path) !== null);
}

async function readFilePages(root: string, path: string): Promise<PageReport> {
  const first = firstBlockOf(path) ?? 0;
  const damaged: string[] = [];
  const chunk = Buffer.alloc(CHUNK_BYTES);
  await using file = await open(join(root, path), "r");
  let pages = 0;
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, pages * PAGE_BYTES);
    if (bytesRead === 0) return { pages, damaged };
    for (let at = 0; at < bytesRead; at += PAGE_BYTES, pages += 1) {
      const whole = at + PAGE_BYTES <= bytesRead;
      if (!whole || !isSoundPage(chunk.subarray(at, at + PAGE_BYTES), first + pages))
        damaged.push(`${path}, block ${first + pages}`);
    }
  }
}
