/** Runs `beat` at once and then again and again, `everyMs` after the last one ended, until it is stopped. */
export interface Heartbeat {
  /** Resolves when a beat that is under way has ended. */
  stop(): Promise<void>;
}

export function startHeartbeat(everyMs: number, beat: () => Promise<void>): Heartbeat {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  const run = (): void => {
    running = beat().finally(() => {
      if (!stopped) timer = setTimeout(run, everyMs);
    });
  };
  timer = setTimeout(run, 0);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
