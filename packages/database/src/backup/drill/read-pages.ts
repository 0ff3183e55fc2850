import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isSoundPage, PAGE_BYTES } from "../pages/page-checksum.ts";

export interface PageReport {
  readonly pages: number;
  /** As `base/16384/2619, block 3`; the first hundred. */
  readonly damaged: readonly string[];
}

/** A relation's file, or one of its forks: `16384`, `16384_fsm`, `16384.2`. */
const RELATION = /^(\d+)(?:_(?:fsm|vm|init))?(?:\.(\d+))?$/;
/** Blocks of a file of 1 GiB, after which the next one goes on. */
const SEGMENT_BLOCKS = 2 ** 30 / PAGE_BYTES;
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
    for (const { parentPath, name } of entries.filter((entry) => entry.isFile() && RELATION.test(entry.name)))
      found.push(join(parentPath, name).slice(root.length + 1));
  }
  return found;
}

async function readFilePages(root: string, path: string): Promise<PageReport> {
  const first = SEGMENT_BLOCKS * Number(RELATION.exec(path.split("/").at(-1) ?? "")?.[2] ?? 0);
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
