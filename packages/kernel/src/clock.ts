/** Time as an argument. Pure code takes a `Clock`; only the rim passes `systemClock`. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump backwards when the machine's clock is set. */
  now(): number;
  /** Milliseconds from an arbitrary origin; never goes backwards. For durations and deadlines. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** A clock that moves only when told to. Both faces advance together; `jump` moves the wall clock alone. */
export interface ManualClock extends Clock {
  advance(milliseconds: number): void;
  jump(milliseconds: number): void;
}

export function manualClock(startAt = 0): ManualClock {
  let wall = startAt;
  let elapsed = 0;
  return {
    now: () => wall,
    monotonic: () => elapsed,
    advance(milliseconds) {
      if (milliseconds < 0) throw new TypeError("a monotonic clock cannot go back; use jump()");
      wall += milliseconds;
      elapsed += milliseconds;
    },
    jump(milliseconds) {
      wall += milliseconds;
    },
  };
}
