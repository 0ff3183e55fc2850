/**
 * A bounded memory, the least recently used forgotten first, whose entries also go by group: all of a person's, all of a
 * session's. Everything in here was true when the feed of changes was last read; whoever asks must see to it that this was
 * recent.
 */
export class GroupedCache<Value> {
  readonly #capacity: number;
  readonly #groupsOf: (value: Value) => readonly string[];
  readonly #entries = new Map<string, Value>();
  readonly #keysByGroup = new Map<string, Set<string>>();

  /** `groupsOf`: ids, the same for every value under one key. */
  constructor(capacity: number, groupsOf: (value: Value) => readonly string[]) {
    this.#capacity = capacity;
    this.#groupsOf = groupsOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    // A map iterates in order of insertion: putting an entry back makes it the youngest.
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    if (this.#entries.size >= this.#capacity && !this.#entries.has(key)) this.#dropOldest();
    this.#entries.set(key, value);
    for (const group of this.#groupsOf(value)) {
      const keys = this.#keysByGroup.get(group);
      if (keys) keys.add(key);
      else this.#keysByGroup.set(group, new Set([key]));
    }
  }

  /** Replaces what is known under a key without changing its place; does nothing when it is not here. */
  update(key: string, value: Value): void {
    if (this.#entries.has(key)) this.#entries.set(key, value);
  }

  deleteGroup(group: string): void {
    for (const key of this.#keysByGroup.get(group) ?? []) this.#delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#keysByGroup.clear();
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#delete(oldest.value);
  }

  #delete(key: string): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    for (const group of this.#groupsOf(value)) {
      const keys = this.#keysByGroup.get(group);
      keys?.delete(key);
      if (keys?.size === 0) this.#keysByGroup.delete(group);
    }
  }
}
