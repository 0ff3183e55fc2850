import type { Clock } from "@rempart/kernel";
import { timeLimit } from "@rempart/runtime";

/** The gauges of one scrape share one look. */
const FRESH_MS = 500;

/**
 * Asks at most so often. While whoever is asked is away there is nothing new to tell; the metrics of everything else must not
 * be missing for it.
 */
export function sharedLook<T>(
  clock: Pick<Clock, "monotonic">,
  ask: () => Promise<T>,
): () => Promise<T | undefined> {
  let asked = Number.NEGATIVE_INFINITY;
  let answer: Promise<T | undefined> = Promise.resolve(undefined);
  return () => {
    if (clock.monotonic() - asked > FRESH_MS) {
      asked = clock.monotonic();
      answer = soon(ask()).catch(() => undefined);
    }
    return answer;
  };
}

/** Whoever scrapes gives up soon after, and would miss everything else too. */
const LONGEST_LOOK_MS = 2_000;

/** Rejects when the work takes too long for a scrape. */
export async function soon<T>(work: Promise<T>): Promise<T> {
  if (await timeLimit(work, LONGEST_LOOK_MS)) return work;
  throw new Error("no answer within the time of a scrape");
}
