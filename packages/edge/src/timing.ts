import type { Clock, Random } from "@rempart/kernel";

export interface TimingOptions {
  /** Shortest time an answer takes, in milliseconds: above what the slowest honest path needs. */
  readonly floorMs: number;
  /** Up to so many milliseconds are added, evenly spread; default a tenth of the floor. */
  readonly jitterMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Waits so many milliseconds; `setTimeout` when absent. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

const defaultSleep = (milliseconds: number): Promise<void> =>
  new Promise((done) => setTimeout(done, milliseconds));

/**
 * For routes that take credentials: the answer, or the failure, comes no sooner than the floor, so that its time does not
 * tell whether an account exists or how much of a secret was right. Work slower than the floor still shows: measure it, and
 * set the floor above.
 */
export function createTimingFloor(options: TimingOptions): <T>(work: () => Promise<T>) => Promise<T> {
  const { floorMs, jitterMs = floorMs / 10, clock, random, sleep = defaultSleep } = options;
  if (!(floorMs > 0) || !(jitterMs >= 0) || !Number.isFinite(floorMs + jitterMs))
    throw new TypeError("floorMs: expects a positive time");
  return async (work) => {
    const until = clock.monotonic() + floorMs + jitterMs * fraction(random);
    try {
      return await work();
    } finally {
      const left = until - clock.monotonic();
      if (left > 0) await sleep(left);
    }
  };
}

function fraction(random: Random): number {
  const [high = 0, low = 0] = random.bytes(2);
  return (high * 256 + low) / 65_536;
}
