import { chmod, copyFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Account, runningAsRoot } from "../../embedded/account.ts";
import { blockedAt } from "../../embedded/reach.ts";

const SHARED_STATE = "/var/lib/rempart";

/** This Node, where `account` can run it: a copy of its own when ours lies below a private directory, such as root's home. */
export async function reachableNode(account: Account): Promise<string> {
  if (!runningAsRoot() || (await blockedAt(process.execPath, account)) === undefined) return process.execPath;
  const home = join(SHARED_STATE, `node-${process.versions.node}`);
  const copy = join(home, "node");
  if (await isThere(copy)) return copy;
  await mkdir(home, { recursive: true, mode: 0o755 });
  const scratch = join(home, `.unfinished-${process.pid}`);
  try {
    await copyFile(process.execPath, scratch);
    await chmod(scratch, 0o755);
    await rename(scratch, copy);
  } finally {
    await rm(scratch, { force: true });
  }
  return copy;
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
