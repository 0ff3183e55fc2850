import type { Clock } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { memoryAlertStore } from "../stores/memory.ts";
import { adopt } from "./adopt.ts";
import type { AlertEvent } from "./state.ts";
import { type AlertStore, type Held, NOTHING_HELD, type Outcome } from "./store.ts";

export interface KeeperOptions {
  readonly store: AlertStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds that the store has to answer. */
  readonly storeTimeoutMs: number;
  /** While it is away, it is asked again after so many milliseconds. */
  readonly askAgainMs: number;
  readonly onAway: (isAway: boolean) => void;
}

interface Standby {
  readonly store: AlertStore;
  readonly seed: Held;
  askedAt: number;
}

const MAX_EVENTS = 1_000;

/** The store while it is there, and the process's own memory while it is not: alerting does not end with its database. */
export class Keeper {
  readonly #options: KeeperOptions;
  #lastKept: Held = NOTHING_HELD;
  #standby: Standby | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get isAway(): boolean {
    return this.#standby !== null;
  }

  /** One at a time, in the order they were asked for. */
  update<T>(work: (held: Held, now: number) => Outcome<T>): Promise<T> {
    const turn = this.#queue.then(() => this.#updateNow(work));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #updateNow<T>(work: (held: Held, now: number) => Outcome<T>): Promise<T> {
    const standby = this.#standby;
    const now = this.#options.clock.monotonic();
    if (standby !== null && now - standby.askedAt < this.#options.askAgainMs)
      return standby.store.update(work);
    const misuse: unknown[] = [];
    const guarded = (held: Held, at: number): Outcome<T> => {
      try {
        return work(held, at);
      } catch (error) {
        misuse.push(error);
        throw error;
      }
    };
    try {
      return await this.#kept(guarded, standby);
    } catch (error) {
      if (misuse.includes(error)) throw error;
      return this.#withoutStore(error).update(work);
    }
  }

  async #kept<T>(work: (held: Held, now: number) => Outcome<T>, standby: Standby | null): Promise<T> {
    const { store, storeTimeoutMs, onAway } = this.#options;
    const own = await standby?.store.update((held) => ({ held, answer: held }));
    const missed = standby === null ? [] : await standby.store.events(null, MAX_EVENTS);
    let isLate = false;
    const update = store.update((held, now) => {
      // This process has gone on without the store: kept as well, it would be told twice.
      if (isLate) throw new Error("the store answered too late");
      const whole = own === undefined || standby === null ? held : adopt(held, own, standby.seed, now);
      const outcome = work(whole, now);
      const events: readonly AlertEvent[] = [...missed.toReversed(), ...(outcome.events ?? [])];
      return { held: outcome.held, events, answer: outcome };
    });
    const { held, answer } = await within(storeTimeoutMs, update, () => {
      isLate = true;
    });
    this.#lastKept = held;
    if (standby !== null) {
      this.#standby = null;
      onAway(false);
    }
    return answer;
  }

  #withoutStore(error: unknown): AlertStore {
    const { clock, log, onAway } = this.#options;
    if (this.#standby !== null) {
      this.#standby.askedAt = clock.monotonic();
      return this.#standby.store;
    }
    log.error(
      { err: error },
      "the store of alerts is away: this process goes on from memory and tells critical alerts by itself",
    );
    const { state, letters } = this.#lastKept;
    // The others are not heard of here: what they saw stands until the store is back.
    const store = memoryAlertStore(clock, { state: { ...state, reporters: new Map() }, letters });
    this.#standby = { store, seed: this.#lastKept, askedAt: clock.monotonic() };
    onAway(true);
    return store;
  }
}

async function within<T>(ms: number, work: Promise<T>, onLate: () => void): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    onLate();
    reject(new Error(`no answer within ${ms} ms`));
  }, ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    // What comes after its time is nobody's error.
    work.catch(() => undefined);
  }
}
