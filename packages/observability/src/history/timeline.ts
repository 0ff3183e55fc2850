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

/** Of the distance between two ticks: a timer is late by less, and a stamp may differ from its sample by as much. */
const NEAR = 1 / 50;

/**
 * A time that is nearly a whole multiple of `everyMs` is that multiple. What is added up of five minutes or of hours then begins
 * and ends with a sample, and nothing falls between two of them.
 */
export function aligned(at: number, everyMs: number): number {
  const whole = Math.round(at / everyMs) * everyMs;
  return Math.abs(at - whole) <= everyMs * NEAR ? whole : at;
}
