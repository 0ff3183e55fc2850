import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { type Logger, timeLimit } from "@rempart/runtime";
import { DatabaseError } from "../errors.ts";
import { type Account, runningAsRoot } from "./account.ts";
import { startFailure } from "./failures.ts";
import { lineReader } from "./lines.ts";
import { serverEnvironment } from "./settings.ts";

export interface Server {
  readonly pid: number;
  /** Resolves when the process has ended, however it did. */
  readonly exited: Promise<void>;
  /** Ends client connections, writes a checkpoint and stops; at once, leaving recovery to the next start, when that takes too long. */
  stop(): Promise<void>;
  /** Lets this process end although the server runs; the watchdog stops it then. */
  unref(): void;
}

const FAST_STOP_MS = 8_000;
const IMMEDIATE_STOP_MS = 8_000;

/**
 * Waits for end of file on its input, which comes when this process is gone, however it went; then stops the server. Both
 * have a session of their own: Ctrl-C in the terminal must reach us alone, or the database would be gone before its users.
 */
const WATCHDOG = 'read _; kill -INT "$1" 2>/dev/null';

export interface LaunchOptions {
  program: string;
  args: readonly string[];
  account: Account;
  log: Logger;
}

/** Resolves when the server accepts connections; rejects with a `DatabaseError` when it ends before. */
export async function launch({ program, args, account, log }: LaunchOptions): Promise<Server> {
  const identity = runningAsRoot() ? account : {};
  const options = { cwd: "/", env: serverEnvironment(), detached: true, ...identity };
  const child = spawn(program, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ready = whenReady(child, log);
  const watchdog = child.pid === undefined ? undefined : watch(child.pid, options);
  exited.then(() => watchdog?.kill("SIGKILL"));
  await ready;
  const pid = child.pid as number;
  return { pid, exited, stop: () => stopServer(child, exited), unref: () => unref(child) };
}

function watch(pid: number, options: object): ChildProcess {
  const watchdog = spawn("/bin/sh", ["-c", WATCHDOG, "watchdog", String(pid)], {
    ...options,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.on("error", () => {});
  watchdog.stdin?.on("error", () => {});
  watchdog.unref();
  return watchdog;
}

function unref(child: ChildProcess): void {
  child.unref();
  // The pipe is a socket underneath, which has `unref`; the type of a child's stream does not say so.
  if (child.stderr instanceof Socket) child.stderr.unref();
}

function whenReady(child: ChildProcess, log: Logger): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  const onLine = (line: string): void => {
    said = `${said}${line}\n`.slice(-4_096);
    record(log, line);
    if (line.includes("database system is ready to accept connections")) resolve();
  };
  child.stderr?.on("data", lineReader(onLine));
  child.once("error", (cause) => reject(startFailure(cause.message, cause)));
  child.once("close", () => reject(startFailure(said)));
  return promise;
}

/** A statement that failed is its caller's to report; what concerns the server itself is ours. */
function record(log: Logger, line: string): void {
  const [, level = "LOG", text = line] = /^([A-Z]+):\s+(.*)$/.exec(line) ?? [];
  if (level === "PANIC") log.error({ postgres: text }, "PostgreSQL panicked");
  else if (level === "FATAL" || level === "WARNING") log.warn({ postgres: text }, "PostgreSQL");
  else log.debug({ postgres: text }, "PostgreSQL");
}

async function stopServer(child: ChildProcess, exited: Promise<void>): Promise<void> {
  for (const [signal, patience] of [
    ["SIGINT", FAST_STOP_MS],
    ["SIGQUIT", IMMEDIATE_STOP_MS],
  ] as const) {
    // The child's own `kill` does nothing once it has ended: by its id alone we might hit another process.
    child.kill(signal);
    if (await timeLimit(exited, patience)) return;
  }
  throw new DatabaseError("stop-failed", `PostgreSQL (process ${child.pid}) does not stop`);
}
