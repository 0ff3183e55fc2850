import type { Clock } from "@rempart/kernel";

/** Remembers the events that were taken. Of several that claim one id at once, exactly one gets it. */
export interface ReplayStore {
  /** True for the first claim of an id within its time. */
  claim(id: string, ttlSeconds: number): boolean | Promise<boolean>;
  /** The id may be claimed again. */
  release(id: string): void | Promise<void>;
}

/**
 * For one process. When it is full the oldest id is forgotten: only a sender that holds a secret can fill it, and refusing
 * its events instead would lose them.
 */
export function createMemoryReplayStore({
  clock,
  maxIds = 100_000,
}: {
  clock: Clock;
  maxIds?: number;
}): ReplayStore {
  const expiries = new Map<string, number>();
  return {
    claim(id, ttlSeconds) {
      const now = clock.monotonic();
      const expiry = expiries.get(id);
      if (expiry !== undefined && expiry > now) return false;
      expiries.delete(id);
      if (expiries.size >= maxIds) expiries.delete(expiries.keys().next().value as string);
      expiries.set(id, now + ttlSeconds * 1000);
      return true;
    },
    release(id) {
      expiries.delete(id);
    },
  };
}
