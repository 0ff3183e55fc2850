import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseError } from "../errors.ts";
import { parsePostmasterFile } from "./postmaster-file.ts";
import { findPostmaster, waitUntilGone } from "./processes.ts";

/** How long each way of asking a leftover server to stop may take: a clean stop writes a checkpoint, an immediate one does not. */
const FAST_STOP_MS = 20_000;
const IMMEDIATE_STOP_MS = 10_000;

/**
 * Makes sure that no server runs on the data directory, and that a lock file without one is gone.
 *
 * A server whose supervisor lives, or that somebody started by other means, is not ours to touch: `already-running`. One
 * whose supervisor is dead is stopped, never adopted: its output has nowhere to go and its settings may be another
 * version's. It is never sent SIGKILL, which would leave its children attached to the shared memory. A lock file whose
 * process is no server of this directory is stale: PostgreSQL itself would refuse to start when the id now belongs to
 * another process, so it is removed; should children of the dead server linger, PostgreSQL still sees their shared memory
 * and refuses.
 */
export async function settleLeftover(dataDirectory: string, ownerUid: number): Promise<void> {
  const lockFile = join(dataDirectory, "postmaster.pid");
  const text = await readFile(lockFile, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const pid = parsePostmasterFile(text)?.pid;
  const server = pid === undefined ? undefined : await findPostmaster(pid, dataDirectory, ownerUid);
  if (pid !== undefined && server !== undefined) {
    if (server.supervisor === undefined) throw alreadyRunning(dataDirectory, pid);
    if (server.supervisor === server.parent) throw alreadyRunning(dataDirectory, server.supervisor);
    await stopOrphan(pid, dataDirectory);
  }
  await rm(lockFile, { force: true });
}

async function stopOrphan(pid: number, dataDirectory: string): Promise<void> {
  for (const [signal, patience] of [
    ["SIGINT", FAST_STOP_MS],
    ["SIGQUIT", IMMEDIATE_STOP_MS],
  ] as const) {
    signalIfAlive(pid, signal);
    if (await waitUntilGone(pid, patience)) return;
  }
  throw alreadyRunning(dataDirectory, pid);
}

function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function alreadyRunning(dataDirectory: string, pid: number): DatabaseError {
  return new DatabaseError(
    "already-running",
    `Process ${pid} is already running the database in ${dataDirectory}: stop it first`,
  );
}
