import { existsSync, readFileSync, renameSync } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ObjectStore } from "../ports.ts";

const PATH = /^(?!.*\.\.)[A-Za-z0-9._/-]{1,200}$/;

/** Objects as files below `directory`, written beside their place and moved into it. */
export function directoryStore(directory: string): ObjectStore {
  let written = 0;
  const fileOf = (path: string): string => {
    if (!PATH.test(path) || path.startsWith("/"))
      throw new TypeError(`${JSON.stringify(path)} is not a path`);
    return join(directory, path);
  };
  /** Written beside its place; `place` moves it there, or answers that it may not. */
  const write = async (path: string, content: Uint8Array, place: Placing): Promise<boolean> => {
    const file = fileOf(path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    written += 1;
    const beside = `${file}.${process.pid}.${written}`;
    let placed = false;
    try {
      await writeDurably(beside, content);
      placed = await place(beside, file);
    } finally {
      if (!placed) await rm(beside, { force: true });
    }
    if (placed) await syncFolder(dirname(file));
    return placed;
  };
  return {
    async put(path, content) {
      await write(path, content, async (beside, file) => {
        await rename(beside, file);
        return true;
      });
    },
    replace: (path, content, expected) =>
      write(path, content, (beside, file) => replaceSame(beside, file, expected)),
    async get(path) {
      try {
        return await readFile(fileOf(path));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async removeBelow(folder) {
      await rm(fileOf(folder), { recursive: true, force: true });
    },
  };
}

type Placing = (beside: string, file: string) => Promise<boolean> | boolean;

/**
 * In one turn, so that nobody of this process is in between. Two processes that share a directory are kept apart by the lock
 * that they publish under.
 */
function replaceSame(beside: string, file: string, expected: Uint8Array | null): boolean {
  const present = existsSync(file) ? readFileSync(file) : null;
  if (present === null || expected === null ? present !== expected : !present.equals(expected)) return false;
  renameSync(beside, file);
  return true;
}

async function writeDurably(file: string, content: Uint8Array): Promise<void> {
  const handle = await open(file, "w", 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A name is durable once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}
