import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const BYTES = 32;

/** The key of the blind index, made at the first start. Whoever has it can test guesses against the index: mode 0600. */
export async function readIndexKey(directory: string): Promise<Uint8Array> {
  const path = join(directory, "index.key");
  await mkdir(directory, { recursive: true });
  const key = await readFile(path).catch(() => makeKey(path));
  if (key.length !== BYTES)
    throw new TypeError(`${path} is not a key of ${BYTES} bytes: restore it from a backup`);
  return key;
}

/** Written aside and linked whole: of several that start at once one wins, and all read what it wrote. */
async function makeKey(path: string): Promise<Uint8Array> {
  const aside = `${path}.${randomUUID()}`;
  await writeFile(aside, randomBytes(BYTES), { mode: 0o600, flag: "wx", flush: true });
  try {
    await link(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(aside);
  }
  return readFile(path);
}
