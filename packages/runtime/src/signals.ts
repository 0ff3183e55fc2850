import type { Logger } from "./logger.ts";

/** Signal numbers (POSIX); a process ended by signal n conventionally exits with 128 + n. */
const STOP_SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;
type StopSignal = keyof typeof STOP_SIGNALS;

export interface Signals extends Disposable {
  /** Aborts on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/**
 * The first SIGINT or SIGTERM asks for a clean stop. The second ends the process at once with `128 + signal`: the person
 * at the terminal is always obeyed. Dispose to give the signals back to their default handling.
 */
export function installSignals(log: Pick<Logger, "info" | "warn">): Signals {
  const controller = new AbortController();
  const onSignal = (name: StopSignal): void => {
    if (controller.signal.aborted) {
      log.warn({ signal: name }, "second signal: ending at once");
      process.exit(128 + STOP_SIGNALS[name]);
    }
    log.info({ signal: name }, "stopping; send the signal again to end at once");
    controller.abort(new Error(name));
  };
  const names = Object.keys(STOP_SIGNALS) as StopSignal[];
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
