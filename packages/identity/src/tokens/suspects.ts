import type { Clock, Uuid } from "@rempart/kernel";

/** Past this many, everybody is one: it costs queries, and forgets nobody. */
const MAX_SUSPECTS = 100_000;

/**
 * Sessions and people of whom tokens may say what is not true any more, for as long as such tokens live. By a clock that
 * never goes back, so that setting the machine's time absolves nobody.
 */
export class Suspects {
  readonly #clock: Clock;
  readonly #keepMs: number;
  /** When each was last suspected, the earliest first. */
  readonly #since = new Map<Uuid, number>();
  #everybodySince: number;

  constructor(clock: Clock, keepMs: number) {
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.#everybodySince = clock.monotonic();
  }

  add(id: Uuid): void {
    const now = this.#clock.monotonic();
    this.#since.delete(id);
    this.#since.set(id, now);
    this.#prune(now);
    if (this.#since.size > MAX_SUSPECTS) this.addEverybody();
  }

  addEverybody(): void {
    this.#everybodySince = this.#clock.monotonic();
    this.#since.clear();
  }

  has(...ids: readonly Uuid[]): boolean {
    const since = this.#clock.monotonic() - this.#keepMs;
    if (this.#everybodySince > since) return true;
    return ids.some((id) => (this.#since.get(id) ?? Number.NEGATIVE_INFINITY) > since);
  }

  #prune(now: number): void {
    for (const [id, at] of this.#since) {
      if (at > now - this.#keepMs) return;
      this.#since.delete(id);
    }
  }
}
