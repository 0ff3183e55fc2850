/** Sliding windows by key, bounded: the key seen the longest ago makes room. */

interface Seen {
  readonly time: number;
  readonly id: string;
  readonly value: string;
}

const MAX_KEYS = 20_000;
/** A window holds no more: beyond that, more is no more suspicious. */
const MAX_SEEN = 256;

export class Windows {
  readonly #windowMs: number;
  readonly #seen = new Map<string, Seen[]>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Notes `value` under `key`, and answers what the window now holds, the oldest first. */
  add(key: string, time: number, id: string, value = ""): readonly Seen[] {
    const kept = (this.#seen.get(key) ?? []).filter((seen) => seen.time > time - this.#windowMs);
    kept.push({ time, id, value });
    if (kept.length > MAX_SEEN) kept.shift();
    this.#seen.delete(key);
    this.#seen.set(key, kept);
    if (this.#seen.size > MAX_KEYS) this.#forgetOldest();
    return kept;
  }

  /** What the window held at that time, without adding. */
  peek(key: string, time: number): readonly Seen[] {
    return (this.#seen.get(key) ?? []).filter((seen) => seen.time > time - this.#windowMs);
  }

  clear(key: string): void {
    this.#seen.delete(key);
  }

  get size(): number {
    return this.#seen.size;
  }

  #forgetOldest(): void {
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}

const MAX_EVIDENCE = 10;

/** The last entries of a window, the last one first. */
export function evidenceOf(seen: readonly { readonly id: string }[]): string[] {
  return seen
    .slice(-MAX_EVIDENCE)
    .map(({ id }) => id)
    .reverse();
}

export function distinct(seen: readonly { readonly value: string }[]): number {
  return new Set(seen.map(({ value }) => value)).size;
}
