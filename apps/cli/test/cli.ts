import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchPlace, until } from "@rempart/testing";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

export interface Cli {
  readonly child: ChildProcess;
  /** What was said to the person so far. */
  said(): string;
  logged(): string;
  /** Resolves with the exit code, or rejects when a signal ended the process. */
  readonly ended: Promise<number>;
  /** Resolves with the address once it serves; rejects with what was said when it ended instead. */
  serving(): Promise<string>;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Record<string, string>;
  /** Written to standard input, which then ends. */
  readonly input?: string;
  /** As `npm start` does. */
  readonly ipc?: boolean;
}

/** The real program in a process of its own. Ports are free ones unless `env` says otherwise. */
export function rempart(args: readonly string[], { cwd, env = {}, ipc = false, input }: CliOptions): Cli {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE = "" } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH, HOME, NODE_COMPILE_CACHE, HOST: "127.0.0.1", PORT: "0", ADMIN_PORT: "0", ...env },
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe", ...(ipc ? (["ipc"] as const) : [])],
  });
  child.stdin?.end(input);
  const text = { out: "", err: "" };
  child.stdout?.on("data", (chunk) => {
    text.out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    text.err += chunk;
  });
  // After `disconnect()` Node tells of the exit but never of the close.
  const ended = exitOf(child, ipc ? "exit" : "close");
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const serving = async (): Promise<string> => {
    const address = (): string | undefined => /(?:Messenger|Public)\s+(http:\S+)/.exec(text.err)?.[1];
    await until(() => address() !== undefined || isOver());
    const found = address();
    if (found === undefined) throw new Error(`ended with ${await ended}: ${text.err}`);
    return found;
  };
  return { child, said: () => text.err, logged: () => text.out, ended, serving };
}

/** A working directory of its own, with the data in it. Readable by the account of the database when we are root. */
export async function workplace(): Promise<{ cwd: string } & AsyncDisposable> {
  const cwd = await mkdtemp(join(await scratchPlace(), "rempart-cli-"));
  await chmod(cwd, 0o711);
  return { cwd, [Symbol.asyncDispose]: () => rm(cwd, { recursive: true, force: true }) };
}

/** Whether, by the objects of a repository, the first backup is whole and nobody works on it any more. */
export function isBackedUp(objects: readonly { readonly name: string }[]): boolean {
  const names = objects.map(({ name }) => name);
  return names.some((name) => name.endsWith("/manifest")) && !names.some((name) => name.startsWith("locks/"));
}

function exitOf(child: ChildProcess, event: "exit" | "close"): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("error", reject);
  child.once(event, (code, signal) => {
    if (code === null) reject(new Error(`ended by ${signal}`));
    else resolve(code);
  });
  return promise;
}
