import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, explain, systemClock } from "@rempart/kernel";
import { type Dependency, dependency, type Logger, silentLogger } from "@rempart/runtime";
import type { CacheStore, Found, Keeping } from "./store.ts";

export interface KeepOptions {
  /** Milliseconds until a value is made anew. */
  readonly ttlMs: number;
  /** Milliseconds after those in which the old value is shown while a new one is made; 0 unless told. */
  readonly staleMs?: number;
  /** Names by which several values are deleted at once. */
  readonly tags?: readonly string[];
}

/** `waited`: another process was making it. `bypassed`: the store did not answer, and the value was made without it. */
export type CacheOutcome = "hit" | "stale" | "made" | "waited" | "bypassed";

export interface CacheOptions {
  readonly store: CacheStore;
  /** Milliseconds the store may take, each time; 250 unless told. After that the value is made without it. */
  readonly budgetMs?: number;
  /** Milliseconds that deleting a tag may take, with every value that has it; 10,000 unless told. */
  readonly tagBudgetMs?: number;
  /** Milliseconds that making a value takes at most; 10,000 unless told. Whoever takes longer may be overtaken by another. */
  readonly leaseMs?: number;
  /** Bytes of JSON that one value may have; 1 MiB unless told. Larger ones are made and not kept. */
  readonly maxValueBytes?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Told of every `through`; for metrics. Must not throw. */
  readonly observe?: (outcome: CacheOutcome) => void;
}

/** Values that JSON can carry, under keys of 1 to 1,024 bytes of UTF-8. A cache that is away is a cache without anything in it. */
export interface Cache {
  /** A value that is still fresh; undefined for none. */
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown, keep: KeepOptions): Promise<void>;
  /** Whether there was a value. One that is being made just now is not kept either. Rejects when the store does not answer. */
  delete(key: string): Promise<boolean>;
  /** How many values had the tag. Rejects when the store does not answer. */
  deleteTag(tag: string): Promise<number>;
  /**
   * The value as JSON carries it (a Date is a text), or what `make` makes of it: once at a time in this process and, as far as the store answers, in all. Rejects with
   * what `make` rejects with, unless there is a stale value.
   */
  through<T>(key: string, keep: KeepOptions, make: () => Promise<T>): Promise<T>;
}

const MAX_KEY_BYTES = 1_024;
const MAX_TAGS = 64;
/** Ten years: what lies further ahead a store may not be able to write. */
const MAX_LIFE_MS = 315_360_000_000;
const BREAKER = { failures: 5, halfOpenAfterMs: 1_000 };
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 250;

export function createCache(options: CacheOptions): Cache {
  const {
    store,
    budgetMs = 250,
    tagBudgetMs = 10_000,
    leaseMs = 10_000,
    maxValueBytes = 1_048_576,
  } = options;
  const { clock = systemClock, log = silentLogger, observe = () => undefined } = options;
  const guard = guarded("cache", budgetMs);
  const tagGuard = guarded("cache-tags", tagBudgetMs);
  const making = new Map<string, Promise<Made<unknown>>>();

  const read = (key: string): Promise<Found | null> => orNothing(guard, log, () => store.read(key));

  /** Callers that come while it is made wait for the same. If it was deleted meanwhile, that may have been before they came. */
  async function shared<T>(key: string, work: () => Promise<Made<T>>): Promise<T> {
    const underWay = making.get(key) as Promise<Made<T>> | undefined;
    const made = await (underWay ?? begin(key, work));
    if (underWay === undefined || !made.deleted) return made.value;
    return (await ((making.get(key) as Promise<Made<T>> | undefined) ?? begin(key, work))).value;
  }

  function begin<T>(key: string, work: () => Promise<Made<T>>): Promise<Made<T>> {
    const started = work().finally(() => making.delete(key));
    making.set(key, started);
    return started;
  }

  async function make<T>(key: string, keeping: Keeping, work: () => Promise<T>): Promise<Made<T>> {
    const until = clock.monotonic() + leaseMs;
    for (let look = FIRST_LOOK_MS; ; look = Math.min(2 * look, LONGEST_LOOK_MS)) {
      const claim = await claimFor(key, keeping);
      if (claim === UNANSWERED) return told("bypassed", await bare(work));
      if (claim !== null) return told("made", await fill(key, claim, keeping, work));
      const found = await read(key);
      if (found?.fresh) return told("waited", asMade(found.value));
      if (clock.monotonic() > until) return told("bypassed", await bare(work));
      await sleep(look);
    }
  }

  /** A claim that is granted too late is given back: nobody would know of it, and all would wait for it to run out. */
  async function claimFor(key: string, { tags }: Keeping): Promise<string | null | typeof UNANSWERED> {
    let givenUp = false;
    const ask = async (): Promise<string | null> => {
      const claim = await store.claim(key, leaseMs, tags);
      if (givenUp && claim !== null) await store.release(key, claim);
      return claim;
    };
    const claim = await orNothing(guard, log, ask, UNANSWERED);
    givenUp = claim === UNANSWERED;
    return claim;
  }

  async function fill<T>(
    key: string,
    claim: string,
    keeping: Keeping,
    work: () => Promise<T>,
  ): Promise<Made<T>> {
    try {
      const text = asJson(await work());
      if (Buffer.byteLength(text) <= maxValueBytes) {
        const kept = await orNothing(guard, log, () => store.fill(key, claim, text, keeping));
        return asMade(text, kept === false);
      }
      await orNothing(guard, log, () => store.release(key, claim));
      return asMade(text);
    } catch (error) {
      await orNothing(guard, log, () => store.release(key, claim));
      throw error;
    }
  }

  function told<T>(outcome: CacheOutcome, value: T): T {
    observe(outcome);
    return value;
  }

  return {
    async get<T>(key: string) {
      const found = await read(checked(key));
      return found?.fresh ? (JSON.parse(found.value) as T) : undefined;
    },
    async set(key, value, keep) {
      const text = asJson(value);
      if (Buffer.byteLength(text) > maxValueBytes)
        throw new TypeError(`the value of ${key} is too large to keep`);
      const [name, keeping] = [checked(key), keepingOf(keep)];
      await orNothing(guard, log, () => store.write(name, text, keeping));
    },
    async delete(key) {
      const name = checked(key);
      return guard.call(() => store.remove(name));
    },
    async deleteTag(tag) {
      checkTags([tag]);
      return tagGuard.call(() => store.removeTag(tag));
    },
    async through<T>(key: string, keep: KeepOptions, work: () => Promise<T>): Promise<T> {
      const keeping = keepingOf(keep);
      const found = await read(checked(key));
      if (found?.fresh) return told("hit", JSON.parse(found.value) as T);
      const made = shared(key, () => make(key, keeping, work));
      if (found === null) return made;
      made.catch((error) => log.warn({ key, error: explain(error) }, "a stale value was not made anew"));
      return told("stale", JSON.parse(found.value) as T);
    },
  };
}

/** One of its own for what takes long: neither uses up the other's time, nor is given up for the other. */
function guarded(name: string, budgetMs: number): Dependency {
  return dependency({ name, budgetMs, onFailure: { mode: "fail" }, retry: "none", breaker: BREAKER });
}

const UNANSWERED: unique symbol = Symbol("the store did not answer");

/** The store's answer; what stands for none when it does not give one in time. */
async function orNothing<T, Nothing = null>(
  guard: Dependency,
  log: Logger,
  ask: () => Promise<T>,
  nothing: Nothing = null as Nothing,
): Promise<T | Nothing> {
  try {
    return await guard.call(ask);
  } catch (error) {
    log.warn({ error: explain(error) }, "the cache does not answer");
    return nothing;
  }
}

interface Made<T> {
  readonly value: T;
  /** The key was deleted while it was made. */
  readonly deleted: boolean;
}

/** As a value from the cache would be, so that nobody depends on what JSON loses. */
function asMade<T>(text: string, deleted = false): Made<T> {
  return { value: JSON.parse(text), deleted };
}

async function bare<T>(work: () => Promise<T>): Promise<Made<T>> {
  return asMade(asJson(await work()));
}

function asJson(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError("JSON cannot carry this value");
  return text;
}

function checked(key: string): string {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > MAX_KEY_BYTES || !key.isWellFormed() || key.includes("\0"))
    throw new TypeError(`a key has 1 to ${MAX_KEY_BYTES} bytes of UTF-8`);
  return key;
}

function keepingOf({ ttlMs, staleMs = 0, tags = [] }: KeepOptions): Keeping {
  if (!Number.isInteger(ttlMs) || ttlMs < 1 || !Number.isInteger(staleMs) || staleMs < 0)
    throw new TypeError("ttlMs and staleMs are whole milliseconds");
  if (ttlMs + staleMs > MAX_LIFE_MS) throw new TypeError("a value is kept for ten years at most");
  if (tags.length > MAX_TAGS) throw new TypeError(`a value has ${MAX_TAGS} tags at most`);
  checkTags(tags);
  return { ttlMs, staleMs, tags };
}

function checkTags(tags: readonly string[]): void {
  if (!tags.every((tag) => /^[\p{L}\p{N}_.:/-]{1,200}$/u.test(tag)))
    throw new TypeError("a tag has 1 to 200 letters, digits and _ . : / -");
}
