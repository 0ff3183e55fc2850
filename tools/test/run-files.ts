import { join } from "node:path";
import { run } from "node:test";
import { ROOT } from "../repository.ts";
import type { Report } from "./report.ts";

export interface RunOptions {
  /** Files at a time. */
  readonly concurrency: number;
  /** For one file, from its start. */
  readonly timeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly report: Report;
  /** Aborting ends the files that run and starts no more. */
  readonly signal: AbortSignal;
}

/** Runs each file in a process of its own, in order, some at a time. */
export async function runFiles(files: readonly string[], options: RunOptions): Promise<void> {
  const waiting = [...files];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined && !options.signal.aborted; file = waiting.shift()) {
      await runFile(file, options);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
}

/** When more files fail, it is not that one of them lost a race. */
const MOST_UNSTEADY = 2;

/** One or two files that failed beside others are run once more, alone: what passes then is told, and does not fail the run. */
export async function runAgain(options: RunOptions): Promise<void> {
  const failed = options.report.failed();
  if (failed.length <= MOST_UNSTEADY) await runFiles(failed, { ...options, concurrency: 1 });
}

/**
 * One call of node:test's `run` for each file: its own `timeout` ends the test that hangs and then waits for ever for the
 * file's process, whereas an abort ends the process.
 */
async function runFile(file: string, { timeoutMs, env, report, signal }: RunOptions): Promise<void> {
  const limit = AbortSignal.timeout(timeoutMs);
  const started = performance.now();
  const stream = run({
    files: [join(ROOT, file)],
    cwd: ROOT,
    env,
    isolation: "process",
    signal: AbortSignal.any([signal, limit]),
  });
  const record = report.open(file);
  stream.on("test:pass", record.pass);
  stream.on("test:fail", record.fail);
  stream.on("test:stderr", ({ message }) => record.output(message));
  stream.on("test:stdout", ({ message }) => record.output(message));
  for await (const _ of stream);
  record.close({ milliseconds: performance.now() - started, overran: limit.aborted });
}
