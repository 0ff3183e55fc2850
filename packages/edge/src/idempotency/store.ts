import type { Clock } from "@rempart/kernel";

/** An answer as it is kept and replayed. Headers are a flat list: name, value, name, value. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

export type IdempotencyEntry =
  | { readonly state: "running"; readonly fingerprint: string }
  /** Carried out. Null: its answer was not kept. */
  | { readonly state: "done"; readonly fingerprint: string; readonly answer: StoredAnswer | null };

/** Keeps what became of keys. Each operation is atomic; `owner` tells one attempt from the next. */
export interface IdempotencyStore {
  /**
   * Null when the key was free and is now held by `owner` for `holdSeconds`; otherwise what is known of it. Throws when it
   * can neither keep nor know: the request is then refused, not run twice.
   */
  begin(
    key: string,
    owner: string,
    fingerprint: string,
    holdSeconds: number,
  ): Promise<IdempotencyEntry | null> | IdempotencyEntry | null;
  /** Keeps the answer for `keepSeconds`. False when `owner` no longer holds the key. */
  finish(
    key: string,
    owner: string,
    answer: StoredAnswer | null,
    keepSeconds: number,
  ): Promise<boolean> | boolean;
  /** Frees a key whose attempt came to nothing. False when `owner` no longer holds it, or it is done. */
  abandon(key: string, owner: string): Promise<boolean> | boolean;
}

interface Kept {
  readonly entry: IdempotencyEntry;
  readonly owner: string;
  readonly expiry: number;
}

export interface MemoryIdempotencyOptions {
  readonly clock: Clock;
  /** Most keys kept; default 10,000. A full store refuses new keys: forgetting one could let it run twice. */
  readonly maxKeys?: number;
}

export interface MemoryIdempotencyStore extends IdempotencyStore {
  /** What is known of a key now. */
  known(key: string): IdempotencyEntry | null;
}

/** For one process. Expired keys leave when their place is needed. */
export function createMemoryIdempotencyStore({
  clock,
  maxKeys = 10_000,
}: MemoryIdempotencyOptions): MemoryIdempotencyStore {
  const kept = new Map<string, Kept>();
  const live = (key: string): Kept | undefined => {
    const found = kept.get(key);
    return found !== undefined && found.expiry > clock.monotonic() ? found : undefined;
  };
  const put = (key: string, owner: string, entry: IdempotencyEntry, seconds: number): void => {
    kept.delete(key);
    kept.set(key, { entry, owner, expiry: clock.monotonic() + seconds * 1000 });
  };
  return {
    known: (key) => live(key)?.entry ?? null,
    begin(key, owner, fingerprint, holdSeconds) {
      const found = live(key);
      if (found !== undefined) return found.entry;
      if (kept.size >= maxKeys) sweep(kept, clock.monotonic());
      if (kept.size >= maxKeys) throw new RangeError("no room for another idempotency key");
      put(key, owner, { state: "running", fingerprint }, holdSeconds);
      return null;
    },
    finish(key, owner, answer, keepSeconds) {
      const found = live(key);
      if (found?.owner !== owner) return false;
      put(key, owner, { state: "done", fingerprint: found.entry.fingerprint, answer }, keepSeconds);
      return true;
    },
    abandon(key, owner) {
      const found = live(key);
      return found?.owner === owner && found.entry.state === "running" && kept.delete(key);
    },
  };
}

function sweep(kept: Map<string, Kept>, now: number): void {
  for (const [key, { expiry }] of kept) if (expiry <= now) kept.delete(key);
}
