import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runningAsRoot } from "../../embedded/account.ts";
import { isAlive } from "../../embedded/processes.ts";
import { BackupError } from "../errors.ts";

/** Where drills are made, beside the data or among temporary files. */
export const DRILLS = "rempart-drills";

const NAME = /^drill-(\d{1,10})$/;

/** Runs `work` on a directory of this process, which is gone afterwards. Throws `busy` while another drill of it runs there. */
export async function inThrowAwayPlace<T>(
  place: string,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  await mkdir(place, { recursive: true, mode: runningAsRoot() ? 0o711 : 0o700 });
  await removeAbandoned(place);
  const directory = join(place, `drill-${process.pid}`);
  await make(directory);
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The server's account must be able to enter it. */
async function make(directory: string): Promise<void> {
  await mkdir(directory, { mode: runningAsRoot() ? 0o711 : 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "EEXIST" ? new BackupError("busy", "another drill is under way", { cause }) : cause;
  });
}

/** What drills that were killed have left in `place`, and nothing of one that runs. A place that another account made is left alone. */
export async function removeAbandonedDrills(place: string): Promise<void> {
  const found = await lstat(place).catch(() => null);
  if (found?.isDirectory() && found.uid === process.getuid?.()) await removeAbandoned(place);
}

/** The server of a drill that was killed ends with it. */
async function removeAbandoned(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    const pid = Number(NAME.exec(name)?.[1] ?? process.pid);
    if (!isAlive(pid)) await rm(join(place, name), { recursive: true, force: true });
  }
}
