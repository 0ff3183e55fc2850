import type { Clock } from "@rempart/kernel";

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
      answer = ask().catch(() => undefined);
    }
    return answer;
  };
}
