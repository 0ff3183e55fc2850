import { execFile } from "node:child_process";

export interface Ended {
  readonly code: number;
  readonly output: string;
  /** The end of what it said on standard error. */
  readonly error: string;
}

const LIMIT_MS = 30_000;
const MAX_BYTES = 64 * 1024 * 1024;
const SHOWN_ERROR = 300;

/** Runs a program without a shell, for half a minute at most. Rejects when it is not there or does not end. */
export function run(program: string, args: readonly string[], cwd?: string): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  execFile(program, [...args], { cwd, timeout: LIMIT_MS, maxBuffer: MAX_BYTES }, (error, output, said) => {
    const code = error === null ? 0 : error.code;
    if (typeof code === "number") resolve({ code, output, error: said.trim().slice(-SHOWN_ERROR) });
    else reject(error);
  });
  return promise;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "ENOENT";
}
