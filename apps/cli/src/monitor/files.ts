import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CliError } from "../errors.ts";

type Files = ReadonlyMap<string, string>;

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, text] of files) {
    const place = join(folder, path);
    try {
      await mkdir(dirname(place), { recursive: true });
      await writeFile(place, text);
    } catch (cause) {
      throw new CliError("not-written", `${place} cannot be written`, { cause });
    }
  }
}

/** Those that are missing, or say something else. */
export async function outdated(folder: string, files: Files): Promise<string[]> {
  const found: string[] = [];
  for (const [path, text] of files) {
    const there = await readFile(join(folder, path), "utf8").catch(() => null);
    if (there !== text) found.push(path);
  }
  return found;
}
