import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const BYTES = 32;

/** The key of the blind index, made at the first start. Whoever has it can test guesses against the index: mode 0600. */
export async function readIndexKey(directory: string): Promise<Uint8Array> {
  const path = join(directory, "index.key");
  await mkdir(directory, { recursive: true });
  // Two that start at once agree: the second does not write over the first.
  await writeFile(path, randomBytes(BYTES), { mode: 0o600, flag: "wx" }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
  const key = await readFile(path);
  if (key.length !== BYTES)
    throw new TypeError(`${path} is not a key of ${BYTES} bytes: restore it from a backup`);
  return key;
}
