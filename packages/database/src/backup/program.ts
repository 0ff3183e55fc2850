import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Account, runningAsRoot } from "../embedded/account.ts";
import { lineReader } from "../embedded/lines.ts";
import { BackupError } from "./errors.ts";

export interface ProgramCall {
  readonly program: string;
  readonly args: readonly string[];
  /** As whom, when we are root; ourselves unless told. */
  readonly account?: Account;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: (line: string) => void;
  /** Bytes of an answer that is kept; 256 MiB unless told. Nothing is kept where lines are read. */
  readonly maxBytes?: number;
}

export interface ProgramEnd {
  readonly exitCode: number;
  readonly output: Buffer;
  /** Its last words. */
  readonly said: string;
}

const MAX_BYTES = 256 * 2 ** 20;
const KEPT_WORDS = 2_000;

/** Runs a program of others and reads what it says. Rejects with the signal's reason when that ended it. */
export async function callProgram(call: ProgramCall): Promise<ProgramEnd> {
  call.signal?.throwIfAborted();
  const child = spawn(call.program, call.args, {
    ...(runningAsRoot() ? call.account : undefined),
    cwd: "/",
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC", ...call.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = (): void => void child.kill("SIGTERM");
  call.signal?.addEventListener("abort", stop, { once: true });
  try {
    const [end, output, said] = await Promise.all([
      exitOf(child, call.program),
      answerOf(child, call),
      wordsOf(child),
    ]);
    call.signal?.throwIfAborted();
    return { exitCode: end, output, said };
  } finally {
    call.signal?.removeEventListener("abort", stop);
  }
}

async function exitOf(child: ChildProcess, program: string): Promise<number> {
  try {
    const [code] = await once(child, "close");
    return typeof code === "number" ? code : 255;
  } catch (cause) {
    throw new BackupError("program-missing", `${program} cannot be run: install it, or name where it is`, {
      cause,
    });
  }
}

async function answerOf(child: ChildProcess, { onLine, maxBytes = MAX_BYTES }: ProgramCall): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const keep = (piece: Buffer): void => {
    length += piece.length;
    if (length > maxBytes)
      throw new BackupError("object-altered", "a program says more than there can be to say");
    pieces.push(piece);
  };
  const read = onLine === undefined ? keep : lineReader(onLine);
  try {
    for await (const piece of child.stdout ?? []) read(piece);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return Buffer.concat(pieces);
}

async function wordsOf(child: ChildProcess): Promise<string> {
  let said = "";
  for await (const piece of child.stderr ?? []) said = `${said}${piece}`.slice(-KEPT_WORDS);
  return said.trim();
}
