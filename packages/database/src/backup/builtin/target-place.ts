import { mkdir, readdir, readFile, realpath, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type Account, runningAsRoot } from "../../embedded/account.ts";
import { parsePostmasterFile } from "../../embedded/postmaster-file.ts";
import { isAlive } from "../../embedded/processes.ts";
import { blockedAt } from "../../embedded/reach.ts";
import { BackupError } from "../errors.ts";
import { syncFolder } from "../repository/directory.ts";

/** Throws `target-in-use` or `target-not-empty` unless the directory is missing or empty. */
export async function assertEmpty(directory: string): Promise<void> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new BackupError("target-not-empty", `${directory} cannot be restored into`, { cause: error });
  });
  if (entries.length === 0) return;
  await assertNotRunning(directory);
  throw new BackupError("target-not-empty", `${directory} is not empty: name another place, or move it away`);
}

/** Throws `target-in-use`. */
export async function assertNotRunning(directory: string): Promise<void> {
  const lockFile = await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => "");
  const pid = parsePostmasterFile(lockFile)?.pid;
  if (pid !== undefined && isAlive(pid))
    throw new BackupError("target-in-use", `process ${pid} runs a server on ${directory}: stop it first`);
}

export interface TargetPlace {
  readonly target: string;
  /** That the files take. */
  readonly bytes: number;
  /** That will run the server. */
  readonly account: Account;
}

/** Besides the files, recovery writes log and checkpoints. */
const SPARE_BYTES = 256 * 2 ** 20;

/**
 * Runs `work` on a new directory beside the target, which takes the target's place when it succeeds: whoever is interrupted
 * leaves nothing that looks like a database.
 */
export async function asWhole<T>(
  { target, bytes, account }: TargetPlace,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = resolve(target);
  const parent = dirname(directory);
  await mkdir(parent, { recursive: true, mode: runningAsRoot() ? 0o711 : 0o700 });
  await assertOpen(parent, account);
  await assertRoom(parent, bytes + SPARE_BYTES);
  const scratch = join(parent, `.${basename(directory)}.restoring-${process.pid}`);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode: 0o700 });
  try {
    const result = await work(scratch);
    await rename(scratch, directory);
    await syncFolder(parent);
    return result;
  } catch (error) {
    await removeTablespaces(scratch);
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
}

/** They lie elsewhere, each in a directory that the restore has made itself. */
async function removeTablespaces(directory: string): Promise<void> {
  const links = join(directory, "pg_tblspc");
  for (const name of await readdir(links).catch(() => []))
    await rm(await realpath(join(links, name)), { recursive: true, force: true });
}

async function assertOpen(folder: string, account: Account): Promise<void> {
  const blocked = await blockedAt(folder, account);
  if (blocked !== undefined)
    throw new BackupError(
      "target-closed",
      `the account that runs PostgreSQL (user ${account.uid}) may not enter ${blocked}: allow it with chmod o+x, or name another place`,
    );
}

async function assertRoom(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < needed)
    throw new BackupError(
      "target-full",
      `the disk of ${folder} has ${bavail * bsize} bytes free and the restore needs ${needed}`,
    );
}
