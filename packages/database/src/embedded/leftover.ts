import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseError } from "../errors.ts";
import { parsePostmasterFile } from "./postmaster-file.ts";
import { isAlive, parentOf, servesDirectory, waitUntilGone } from "./processes.ts";

/** How long each way of asking a leftover server to stop may take: a clean stop writes a checkpoint, an immediate one does not. */
const FAST_STOP_MS = 20_000;
const IMMEDIATE_STOP_MS = 10_000;

export interface LeftoverOptions {
  dataDirectory: string;
  ownerUid: number;
  /** The file in which a supervising process leaves its id. */
  supervisorFile: string;
}

/**
 * Makes sure that no server runs on the data directory, and that a lock file without one is gone.
 *
 * A server whose supervisor lives is somebody's: `already-running`. One whose supervisor is dead is stopped, never adopted:
 * its output has nowhere to go and its settings may be another version's. It is never killed with SIGKILL, which would
 * leave its children attached to the shared memory. A lock file whose process is no server of this directory is stale:
 * PostgreSQL itself would refuse to start when the id now belongs to another process, so it is removed; should children of
 * the dead server linger, PostgreSQL still sees their shared memory and refuses.
 */
export async function settleLeftover({
  dataDirectory,
  ownerUid,
  supervisorFile,
}: LeftoverOptions): Promise<void> {
  const lockFile = join(dataDirectory, "postmaster.pid");
  const text = await readFile(lockFile, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const pid = parsePostmasterFile(text)?.pid;
  if (pid !== undefined && (await servesDirectory(pid, dataDirectory, ownerUid))) {
    await refuseIfSupervised(pid, dataDirectory, supervisorFile);
    await stopOrphan(pid, dataDirectory);
  }
  await rm(lockFile, { force: true });
}

async function refuseIfSupervised(pid: number, dataDirectory: string, supervisorFile: string): Promise<void> {
  const supervisor = Number(await readFile(supervisorFile, "utf8").catch(() => "0"));
  if (supervisor > 0 && isAlive(supervisor) && (await parentOf(pid)) === supervisor) {
    throw alreadyRunning(dataDirectory, supervisor);
  }
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

export function alreadyRunning(dataDirectory: string, pid?: number): DatabaseError {
  const who = pid === undefined ? "Another process" : `Process ${pid}`;
  return new DatabaseError(
    "already-running",
    `${who} is already running the database in ${dataDirectory}: stop it first`,
  );
}
