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
  return {
    async put(path, content) {
      const file = fileOf(path);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      written += 1;
      const beside = `${file}.${process.pid}.${written}`;
      try {
        await writeDurably(beside, content);
        await rename(beside, file);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
      await syncFolder(dirname(file));
    },
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
