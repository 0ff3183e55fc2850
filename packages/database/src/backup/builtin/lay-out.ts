import { execFile } from "node:child_process";
import { chown, mkdir, open, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Account, runningAsRoot } from "../../embedded/account.ts";
import { BackupError } from "../errors.ts";
import type { BackupManifest } from "../manifest.ts";
import { eachOf } from "../sealed/in-order.ts";
import type { Vault } from "../sealed/objects.ts";
import { fileSinks, type ReadOptions, readPacks } from "./read-packs.ts";

export interface LayOut extends ReadOptions {
  /** Exists and is empty. */
  readonly directory: string;
  readonly tablespaceDirectory: string | undefined;
  readonly account: Account;
}

const AT_ONCE = 8;
const run = promisify(execFile);

/** The data directory as it was copied, all of it on the disk: ready for a server to recover. */
export async function layOut(vault: Vault, manifest: BackupManifest, options: LayOut): Promise<void> {
  const { directory, account } = options;
  const places = await placeTablespaces(manifest, options);
  const folders = manifest.directories.map((path) => join(directory, path));
  for (const path of folders) await mkdir(path, { recursive: true, mode: 0o700 });
  await readPacks(vault, manifest, fileSinks(directory, manifest), options);
  await makeEmptyOnes(directory, manifest);
  const label = join(directory, "backup_label");
  await writeFile(label, manifest.backupLabel, { mode: 0o600 });
  const files = [...manifest.files.map(({ path }) => join(directory, path)), label];
  if (runningAsRoot())
    await eachOf([...files, ...folders, ...places, directory], AT_ONCE, (path) =>
      chown(path, account.uid, account.gid),
    );
  for (const place of [directory, ...places]) await flush(place, [...files, ...folders.toReversed(), place]);
}

/** Files that hold nothing take no place on the tape. */
async function makeEmptyOnes(directory: string, { files }: BackupManifest): Promise<void> {
  for (const { path, size } of files)
    if (size === 0) await writeFile(join(directory, path), "", { mode: 0o600, flag: "a" });
}

/** The links in `pg_tblspc`. We make them ourselves, so PostgreSQL needs no `tablespace_map`. */
async function placeTablespaces(
  { tablespaces }: BackupManifest,
  { directory, tablespaceDirectory, account }: LayOut,
): Promise<string[]> {
  if (tablespaces.length === 0) return [];
  if (tablespaceDirectory === undefined)
    throw new BackupError(
      "tablespace-unmapped",
      `the backup has ${tablespaces.length} tablespaces: say in which directory they go`,
      { details: { tablespaces } },
    );
  await mkdir(join(directory, "pg_tblspc"), { mode: 0o700 });
  const made: string[] = [];
  for (const { oid } of tablespaces) {
    const place = join(tablespaceDirectory, oid);
    await mkdir(tablespaceDirectory, { recursive: true, mode: 0o700 });
    if (runningAsRoot()) await chown(tablespaceDirectory, account.uid, account.gid);
    await mkdir(place, { mode: 0o700 }).catch(notEmpty(place));
    await symlink(place, join(directory, "pg_tblspc", oid));
    made.push(place);
  }
  return made;
}

function notEmpty(place: string) {
  return (cause: unknown): never => {
    throw new BackupError("target-not-empty", `${place} cannot be made: choose a place that is empty`, {
      cause,
    });
  };
}

/**
 * One call for the whole file system costs less than one for each of a thousand files. Where there is no such command, one for
 * each it is.
 */
async function flush(directory: string, paths: readonly string[]): Promise<void> {
  const done = await run("sync", ["-f", directory]).then(
    () => true,
    () => false,
  );
  if (!done) await eachOf(paths, AT_ONCE, syncOne);
}

async function syncOne(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
