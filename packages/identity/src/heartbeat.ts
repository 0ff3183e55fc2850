/** Runs `beat` again and again, `everyMs` after the last one ended, until it is stopped. */
export interface Heartbeat {
  /** Resolves when a beat that is under way has ended. */
  stop(): Promise<void>;
}

export function startHeartbeat(everyMs: number, beat: () => Promise<void>): Heartbeat {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  const schedule = (): void => {
    if (!stopped) timer = setTimeout(run, everyMs);
  };
  const run = (): void => {
    running = beat().finally(schedule);
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
