import type { Clock } from "@rempart/kernel";

const AHEAD_MS = 60_000;

/**
 * The time that samples are stamped with: never backwards. A clock that is set back leaves it running on (samples from before
 * and after stay in order, and rates stay true); a clock that is a minute ahead or more, as after the machine slept, is followed.
 */
export function timeline(clock: Clock): () => number {
  let offset = clock.now() - clock.monotonic();
  return () => {
    const ahead = clock.now() - clock.monotonic() - offset;
    if (ahead >= AHEAD_MS) offset += ahead;
    return Math.round(clock.monotonic() + offset);
  };
}
