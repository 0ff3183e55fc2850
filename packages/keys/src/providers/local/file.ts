import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { KeysError } from "../../errors.ts";
import { decodeKeySet, encodeKeySet, type KeySet, MAX_FILE_BYTES } from "./format.ts";

const ONLY_OWNER = 0o600;

/** Null when there is no file. Refuses one that others can read or write, that another account owns, or that is a link. */
export async function readKeyFile(path: string): Promise<KeySet | null> {
  const file = await openExisting(path);
  if (file === null) return null;
  try {
    await assertSafe(file, path);
    const text = await file.readFile();
    const keys = decodeKeySet(text.toString("utf8"));
    text.fill(0);
    return keys;
  } finally {
    await file.close();
  }
}

async function openExisting(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    if (code === "ELOOP") throw unsafe(path, "a symbolic link");
    if (code === "EACCES" || code === "EPERM") throw unsafe(path, "not readable by this account", error);
    throw error;
  }
}

/** What was opened is examined, not what the path may name a moment later. */
async function assertSafe(file: FileHandle, path: string): Promise<void> {
  const status = await file.stat();
  const { mode, uid, size } = status;
  if (!status.isFile()) throw unsafe(path, "not a plain file");
  if (process.geteuid !== undefined && uid !== process.geteuid())
    throw unsafe(path, "owned by another account");
  if (process.geteuid !== undefined && (mode & 0o077) !== 0)
    throw unsafe(path, `open to others (mode ${(mode & 0o777).toString(8)}); run chmod 600`);
  if (size > MAX_FILE_BYTES)
    throw new KeysError("key-file-damaged", `the key file ${path} is larger than any key file`);
}

function unsafe(path: string, problem: string, cause?: unknown): KeysError {
  return new KeysError("key-file-unsafe", `the key file ${path} is ${problem}`, { cause });
}

/** Makes the file, whole and on disk, unless another process has just done so: then that one's keys hold. */
export async function createKeyFile(path: string, keys: KeySet): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${crypto.randomUUID()}`;
  await writeDurably(draft, keys);
  try {
    // Unlike a rename, a link never replaces what is there.
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await unlink(draft);
  }
  await syncDirectory(path);
}

/** Reads, changes and replaces the file, alone: rejects with `key-file-busy` while another process does the same. */
export async function changeKeyFile(path: string, change: (keys: KeySet) => KeySet): Promise<KeySet> {
  const lock = `${path}.lock`;
  const draft = await openLock(lock);
  let changed: KeySet;
  try {
    changed = change(await existing(path));
    await draft.writeFile(encodeKeySet(changed));
    await draft.sync();
    await rename(lock, path);
  } catch (error) {
    await unlink(lock);
    throw error;
  } finally {
    await draft.close();
  }
  await syncDirectory(path);
  return changed;
}

async function existing(path: string): Promise<KeySet> {
  const keys = await readKeyFile(path);
  if (keys === null) throw new KeysError("key-file-damaged", `there is no key file ${path}`);
  return keys;
}

async function openLock(lock: string): Promise<FileHandle> {
  try {
    return await open(lock, "wx", ONLY_OWNER);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const advice = `if none is, remove ${lock}`;
    throw new KeysError("key-file-busy", `another process is changing the key file; ${advice}`, {
      cause: error,
    });
  }
}

async function writeDurably(path: string, keys: KeySet): Promise<void> {
  const file = await open(path, "wx", ONLY_OWNER);
  try {
    await file.writeFile(encodeKeySet(keys));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name is on disk when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
