import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { reasonFor, SetupError } from "./error.mjs";
import { MEMORY } from "./paths.mjs";

const POLL_MS = 200;

/**
 * Takes a named lock between processes of this checkout and returns its release. Waits while a living process holds it;
 * a lock whose process is gone (killed, power cut) is taken over. Released at exit whatever happens.
 */
export async function hold(name, progress, directory = MEMORY) {
  const path = join(directory, `${name}.lock`);
  makeDirectory(directory);
  for (let waited = false; !take(path); waited = true) {
    const holder = holderOf(path);
    if (holder !== null && !isAlive(holder)) {
      dropStale(path, holder);
      continue;
    }
    if (!waited)
      progress.note(
        `Another start of this checkout is setting up${holder === null ? "" : ` (process ${holder})`}; waiting for it.`,
      );
    await sleep(POLL_MS);
  }
  const release = once(() => rmSync(path, { force: true }));
  process.once("exit", release);
  return release;
}

/** The file appears with its content in one step (a hard link), so nobody reads a lock without a holder. */
function take(path) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(mine);
  }
}

function holderOf(path) {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** Read again before removing: another process may have taken the stale lock over in between. */
function dropStale(path, holder) {
  if (holderOf(path) === holder) rmSync(path, { force: true });
}

/** EPERM means that the process exists and belongs to somebody else. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function makeDirectory(directory) {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new SetupError(`Cannot write to ${directory}. ${reasonFor(String(error)) ?? error.message}`);
  }
}

function once(work) {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
