import { execFile } from "node:child_process";
import { readFile, readlink, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** True for any process with this id, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** True when the process was gone within `milliseconds`. */
export async function waitUntilGone(pid: number, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

/**
 * True when process `pid` is a postmaster of `dataDirectory`, whose owner is `ownerUid`. Ids are used again, soonest in a
 * container, so a living process with the recorded id proves nothing by itself.
 */
export async function servesDirectory(
  pid: number,
  dataDirectory: string,
  ownerUid: number,
): Promise<boolean> {
  if (!isAlive(pid)) return false;
  return process.platform === "linux"
    ? servesByProc(pid, dataDirectory, ownerUid)
    : servesByPs(pid, dataDirectory);
}

/** A postmaster's working directory is its data directory. */
async function servesByProc(pid: number, dataDirectory: string, ownerUid: number): Promise<boolean> {
  try {
    const { uid } = await stat(`/proc/${pid}`);
    if (uid !== ownerUid) return false;
    const name = await readFile(`/proc/${pid}/comm`, "utf8");
    return name.trim() === "postgres" && (await readlink(`/proc/${pid}/cwd`)) === dataDirectory;
  } catch {
    return false;
  }
}

async function servesByPs(pid: number, dataDirectory: string): Promise<boolean> {
  const command = await ps(pid, "command=");
  return command.includes("postgres") && command.includes(dataDirectory);
}

/** The parent's id; 0 when the process is gone. */
export async function parentOf(pid: number): Promise<number> {
  if (process.platform !== "linux") return Number(await ps(pid, "ppid=")) || 0;
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}

async function ps(pid: number, column: string): Promise<string> {
  return run("ps", ["-o", column, "-p", String(pid)]).then(
    ({ stdout }) => stdout.trim(),
    () => "",
  );
}
