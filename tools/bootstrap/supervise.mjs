import { spawn } from "node:child_process";
import { constants } from "node:os";
import { SetupError } from "./error.mjs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
/** Ctrl-C reaches us from the terminal and, a moment later, once more through npm: that is one wish to stop, not two. */
const SAME_WISH_MS = 1000;
const PARENT_CHECK_MS = 250;

/**
 * Runs a program to its end with our own input and output, and returns its exit code (128 + n when signal n ended it).
 *
 * The program leads a process group of its own, so a Ctrl-C at the terminal reaches it once, through us, and never its
 * own children behind its back. The IPC channel is its lifeline: should we be killed, it closes, and the program stops.
 */
export async function supervise(program, args, { cwd, env = process.env }) {
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    detached: true,
  });
  const unforward = forwardSignals((signal) => signalGroup(child, signal));
  try {
    return await exitCode(child, "exit");
  } finally {
    unforward();
  }
}

/** Runs a program without showing it; its output comes back for the case that it fails. A signal ends it, and us. */
export async function runQuietly(program, args, { cwd }) {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let stoppedBy = null;
  const unforward = forwardSignals((signal) => {
    stoppedBy = signal;
    // Not SIGINT: npm finishes what it is doing before it heeds that. An install cut short is repeated by the next start.
    signalGroup(child, "SIGTERM", true);
  });
  let output = "";
  const keep = (chunk) => {
    output = (output + chunk).slice(-64_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  try {
    const code = await exitCode(child, "close");
    if (stoppedBy !== null) throw new SetupError("Stopped.", 128 + constants.signals[stoppedBy]);
    return { code, output };
  } finally {
    unforward();
  }
}

/**
 * Calls `deliver` for every wish to stop; a closed terminal (SIGHUP) is told as SIGTERM, which every program understands;
 * the same wish told twice within a second counts once. Returns the way to end it.
 */
function forwardSignals(deliver) {
  let last = 0;
  const listen = (signal) => {
    const now = Date.now();
    if (now - last >= SAME_WISH_MS) deliver(signal === "SIGHUP" ? "SIGTERM" : signal);
    last = now;
  };
  for (const signal of SIGNALS) process.on(signal, listen);
  const unwatch = watchParent(() => listen("SIGTERM"));
  return () => {
    unwatch();
    for (const signal of SIGNALS) process.off(signal, listen);
  };
}

/**
 * npm hands a signal to the shell that it starts us through; the shell ends of it and tells nobody. Under npm, losing the
 * parent is therefore the wish to stop.
 */
function watchParent(lost) {
  if (process.env.npm_lifecycle_event === undefined) return () => {};
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    lost();
  }, PARENT_CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** `whole` reaches the program's children too: right for a build, wrong for a server that stops its own children in order. */
function signalGroup(child, signal, whole = false) {
  if (child.pid === undefined || child.exitCode !== null) return;
  if (!whole || process.platform === "win32") child.kill(signal);
  else {
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  }
}

/** `close` also waits for the output to be read. */
function exitCode(child, event) {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new SetupError(`Cannot run ${child.spawnfile}: ${error.message}`)));
    child.once(event, (code, signal) => resolve(signal === null ? code : 128 + constants.signals[signal]));
  });
}
