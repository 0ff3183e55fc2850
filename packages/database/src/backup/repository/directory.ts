import { randomBytes } from "node:crypto";
import { createReadStream, readFileSync, renameSync } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { BackupError } from "../errors.ts";
import type { GetOptions, ObjectInfo, PutOptions, Repository } from "../ports.ts";
import { assertObjectName } from "./names.ts";

/** A dot in front: no object's name begins so, and whoever is killed leaves nothing that looks like an object. */
const UNFINISHED = /^\.unfinished-/;

/** Objects as files, 0600 in folders of mode 0700. Written aside, flushed, then moved into place, and the folders flushed. */
export function directoryRepository(directory: string): Repository {
  const root = resolve(directory);
  const fileOf = (name: string): string => {
    assertObjectName(name);
    return join(root, name);
  };
  return {
    location: `file:${root}`,
    put: (name, content, options = {}) => translated(name, () => put(root, fileOf(name), content, options)),
    get: (name, options = {}) => translated(name, () => get(fileOf(name), name, options)),
    list: (prefix) => list(root, prefix),
    delete: (name) =>
      translated(name, async () => {
        await rm(fileOf(name), { force: true });
      }),
    tidy: (before) => translated("", () => tidy(root, before)),
  };
}

async function put(
  root: string,
  file: string,
  content: AsyncIterable<Uint8Array>,
  { ifAbsent = false, ifSame, signal }: PutOptions,
): Promise<void> {
  const folder = dirname(file);
  await makeFolder(root, folder);
  const scratch = join(folder, `.unfinished-${randomBytes(8).toString("hex")}`);
  try {
    await writeDurably(scratch, content, signal);
    if (ifAbsent) await link(scratch, file);
    else if (ifSame !== undefined) replaceSame(scratch, file, ifSame);
    else await rename(scratch, file);
    await syncFolder(folder);
  } finally {
    await rm(scratch, { force: true });
  }
}

/** In one turn, so that nobody of this process is in between. */
function replaceSame(scratch: string, file: string, expected: Uint8Array): void {
  if (!readFileSync(file).equals(expected))
    throw new BackupError("object-exists", `${file} was replaced meanwhile`);
  renameSync(scratch, file);
}

/** A new folder is durable once the one above it is. */
async function makeFolder(root: string, folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
  if (first.length <= root.length) await syncFolder(dirname(first));
}

async function writeDurably(
  file: string,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    for await (const piece of content) {
      signal?.throwIfAborted();
      await writeAll(handle, piece);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

/** A name is durable once its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function get(
  file: string,
  name: string,
  { from = 0, to, signal }: GetOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const handle = await open(file, "r");
  const { size } = await handle.stat();
  const end = Math.min(to ?? size, size);
  if (from >= end) {
    await handle.close();
    return nothing();
  }
  const stream = createReadStream(file, {
    fd: handle,
    start: from,
    end: end - 1,
    highWaterMark: 1 << 20,
    ...(signal === undefined ? {} : { signal }),
  });
  return readingOf(name, stream);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** A disk that fails in the middle is told as the repository's failure too. */
async function* readingOf(name: string, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw toBackupError(name, error);
  }
}

async function* list(root: string, prefix: string): AsyncGenerator<ObjectInfo> {
  const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  yield* below(root, folder, prefix);
}

async function* below(root: string, folder: string, prefix: string): AsyncGenerator<ObjectInfo> {
  const entries = await translated(folder, () =>
    readdir(join(root, folder), { withFileTypes: true }).catch(noneWhenMissing),
  );
  const keyed = entries
    .filter(({ name }) => !UNFINISHED.test(name))
    // In the order of whole names: a folder's come where its slash sorts.
    .map((entry) => ({
      entry,
      key: entry.isDirectory() ? `${folder}${entry.name}/` : `${folder}${entry.name}`,
    }))
    .filter(({ entry, key }) =>
      entry.isDirectory() ? key.startsWith(prefix) || prefix.startsWith(key) : key.startsWith(prefix),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { entry, key } of keyed) {
    if (entry.isDirectory()) yield* below(root, key, prefix);
    else if (entry.isFile()) yield* infoOf(root, key);
  }
}

/** Nothing for what was deleted since its folder was read. */
async function* infoOf(root: string, name: string): AsyncGenerator<ObjectInfo> {
  const found = await stat(join(root, name)).catch(() => null);
  if (found !== null) yield { name, size: found.size, modifiedAt: found.mtimeMs };
}

async function tidy(folder: string, before: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(noneWhenMissing)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await tidy(path, before);
    else if (UNFINISHED.test(entry.name)) await removeOlder(path, before);
  }
}

async function removeOlder(path: string, before: number): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found !== null && found.mtimeMs < before) await rm(path, { force: true });
}

function noneWhenMissing(error: unknown): [] {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return [];
  throw error;
}

async function translated<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toBackupError(name, error);
  }
}

/** What the file system says, in the words of the port. What is not the file system's stays as it is. */
function toBackupError(name: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof BackupError || !(error instanceof Error) || typeof code !== "string") return error;
  const options = { cause: error, details: { object: name } };
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new BackupError("object-missing", `${name} is not in the repository`, options);
    case "EEXIST":
      return new BackupError("object-exists", `${name} is in the repository already`, options);
    case "ENOSPC":
    case "EDQUOT":
      return new BackupError("repository-full", "the disk of the repository is full", options);
    default:
      return code.startsWith("E") && error.message.startsWith(code)
        ? new BackupError("repository-unavailable", "the repository cannot be used", options)
        : error;
  }
}
