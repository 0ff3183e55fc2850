import type { Clock } from "@rempart/kernel";

const MINUTE_MS = 60_000;
const MAX_KEYS = 10_000;

/** Lets so many through for each key in a minute: enough to tell of somebody, too few for them to fill a log. */
export class PerMinute {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #counts = new Map<string, number>();
  #minute = 0;

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /** False also for new keys when more came within the minute than are remembered. */
  admits(key: string): boolean {
    const minute = Math.floor(this.#clock.monotonic() / MINUTE_MS);
    if (minute !== this.#minute) this.#counts.clear();
    this.#minute = minute;
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#most || (count === 0 && this.#counts.size >= MAX_KEYS)) return false;
    this.#counts.set(key, count + 1);
    return true;
  }
}
