import type { Logger } from "@rempart/runtime";

/** Does the same again and again; what comes due while one is under way is that one. */
export class Turns {
  readonly #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> | null = null;

  /** `everyMs` null: never. */
  constructor(everyMs: number | null, work: () => Promise<void>, log: Logger) {
    if (everyMs === null) return;
    this.#timer = setInterval(() => {
      this.#underWay ??= work()
        .catch((error: unknown) => log.error({ err: error }, "alerting could not go on with this turn"))
        .finally(() => {
          this.#underWay = null;
        });
    }, everyMs);
    this.#timer.unref();
  }

  /** Waits for the one that is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#underWay;
  }
}
