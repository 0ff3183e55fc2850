import { IdentityError } from "../errors.ts";

/** Lets `concurrency` jobs run at once and `capacity` wait, first come first served. */
export interface TurnQueue {
  /** Throws `IdentityError` `unavailable`, without running the job, when `capacity` others wait already. */
  run<T>(job: () => Promise<T>): Promise<T>;
}

export function turnQueue(concurrency: number, capacity: number): TurnQueue {
  let running = 0;
  const waiting: (() => void)[] = [];

  function turn(): Promise<void> | undefined {
    if (running < concurrency) {
      running += 1;
      return undefined;
    }
    if (waiting.length >= capacity) throw full();
    return new Promise((resolve) => waiting.push(resolve));
  }

  /** A finished job hands its place on, so `running` counts places and not jobs. */
  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }

  return {
    async run(job) {
      await turn();
      try {
        return await job();
      } finally {
        leave();
      }
    },
  };
}

function full(): IdentityError {
  return new IdentityError("unavailable", "Too many people are signing in at this moment", {
    details: { retryAfterSeconds: 1 },
  });
}
