/** How long what is written is shown, and what takes it away. */
export interface Keeping {
  /** Milliseconds until it is made anew. */
  readonly ttlMs: number;
  /** Milliseconds after those in which it may still be shown while a new one is made. */
  readonly staleMs: number;
  readonly tags: readonly string[];
}

export interface Found {
  /** JSON. */
  readonly value: string;
  readonly fresh: boolean;
}

/**
 * Where a cache keeps its values. The store's own clock decides what is fresh. Claims see to it that one caller at a time makes
 * a value, and that a value made from what was deleted meanwhile is not kept.
 */
export interface CacheStore {
  /** What may be shown; null for nothing. */
  read(key: string): Promise<Found | null>;
  write(key: string, value: string, keeping: Keeping): Promise<void>;
  /** Whether there was a value. Takes away the claim too. */
  remove(key: string): Promise<boolean>;
  /** How many values had the tag. Takes away their claims, and those of values in the making that will have it. */
  removeTag(tag: string): Promise<number>;
  /** The right to make the value for so long; null when another has it, or when there is a fresh value. */
  claim(key: string, leaseMs: number, tags: readonly string[]): Promise<string | null>;
  /** Writes by a claim and ends it. False when the claim was taken away: nothing was written. */
  fill(key: string, claim: string, value: string, keeping: Keeping): Promise<boolean>;
  /** Ends a claim without a value. */
  release(key: string, claim: string): Promise<void>;
}
