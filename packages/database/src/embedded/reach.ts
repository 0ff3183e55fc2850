import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Account } from "./account.ts";

/**
 * The first directory on the way to `path` (itself included) that `account` may not enter, or undefined when it can reach
 * it. Reads the permission bits, so an access list that says otherwise is not seen.
 */
export async function blockedAt(path: string, account: Account): Promise<string | undefined> {
  for (const directory of ancestors(await realpath(path))) {
    if (!mayEnter(await stat(directory), account)) return directory;
  }
  return undefined;
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...ancestors(parent), path];
}

interface Permissions extends Account {
  mode: number;
}

/** POSIX asks one class only: the owner's bits for the owner, even when others have more. */
export function mayEnter({ mode, uid, gid }: Permissions, account: Account): boolean {
  if (account.uid === 0) return true;
  if (account.uid === uid) return (mode & 0o100) !== 0;
  if (account.gid === gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}
