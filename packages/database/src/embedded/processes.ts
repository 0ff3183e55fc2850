import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * True for any running process with this id, ours or not. One that has ended but that nobody has collected (a zombie) has
 * not: in a container whose first process is not an init, orphans stay so for ever.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return !isZombie(pid);
}

/** The state follows the name in parentheses, which may hold anything (proc_pid_stat(5)). */
function isZombie(pid: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
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

export interface RunningPostmaster {
  /** The process that started it and says so on its command line; undefined for a server started by other means. */
  supervisor: number | undefined;
  /** Its parent now: another one than the supervisor once that has died. */
  parent: number;
}

/**
 * What there is to know about process `pid` when it is a postmaster of `dataDirectory`, whose owner is `ownerUid`; undefined
 * when it is anything else. Ids are used again, soonest in a container, so a living process with the recorded id proves
 * nothing by itself.
 */
export async function findPostmaster(
  pid: number,
  dataDirectory: string,
  ownerUid: number,
): Promise<RunningPostmaster | undefined> {
  const seen = process.platform === "linux" ? await lookInProc(pid) : await lookWithPs(pid);
  if (seen === undefined || seen.uid !== ownerUid) return undefined;
  if (!seen.command.includes("postgres") || !seen.command.includes(dataDirectory)) return undefined;
  const supervisor = SUPERVISOR.exec(seen.command)?.[1];
  return { supervisor: supervisor === undefined ? undefined : Number(supervisor), parent: seen.parent };
}

interface Seen {
  uid: number;
  parent: number;
  command: string;
}

async function lookInProc(pid: number): Promise<Seen | undefined> {
  try {
    const { uid } = await stat(`/proc/${pid}`);
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return { uid, command, parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) };
  } catch {
    return undefined;
  }
}

async function lookWithPs(pid: number): Promise<Seen | undefined> {
  const args = ["-ww", "-o", "uid=,ppid=,command=", "-p", String(pid)];
  const { stdout } = await run("ps", args).catch(() => ({ stdout: "" }));
  const [, uid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/s.exec(stdout) ?? [];
  return command === undefined ? undefined : { uid: Number(uid), parent: Number(parent), command };
}

/** A setting of our own, which PostgreSQL keeps and ignores. */
const SUPERVISOR = /rempart\.supervisor=(\d+)/;

export function supervisorSetting(): Record<string, string> {
  return { "rempart.supervisor": String(process.pid) };
}
