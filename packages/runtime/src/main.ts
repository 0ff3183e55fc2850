import { CodedError, explain } from "@rempart/kernel";
import type { Logger } from "./logger.ts";
import { installSignals, type Signals } from "./signals.ts";

/** Time for what was closed to let go of the event loop, before what still holds it is named and cut off. */
const LINGER_MS = 3_000;

export interface MainOptions {
  log: Logger;
  /** Where the one line for the person at the terminal goes; standard error unless told. */
  write?: (line: string) => void;
}

/**
 * An entry point: runs `work` with the process's stop signal. When it rejects, prints one line that says what to do for a
 * coded error, or the stack for a mistake of ours, and sets the exit code to 1. The process then ends because its event loop
 * is empty; should something still hold it, that is logged by kind and the process is ended.
 */
export async function main(
  work: (signals: Signals) => Promise<void>,
  { log, write }: MainOptions,
): Promise<void> {
  const print = write ?? ((line: string) => process.stderr.write(`${line}\n`));
  using signals = installSignals(log);
  try {
    await work(signals);
  } catch (error) {
    process.exitCode = 1;
    print(forPerson(error));
  }
  endWhenIdle(log);
}

/** A coded error is written to be read; anything else is a defect, and its stack is what is needed. */
export function forPerson(error: unknown): string {
  if (error instanceof CodedError) return explain(error);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function endWhenIdle(log: Logger): void {
  setTimeout(() => {
    log.warn({ resources: process.getActiveResourcesInfo() }, "something still holds the process: ending it");
    process.exit();
  }, LINGER_MS).unref();
}
