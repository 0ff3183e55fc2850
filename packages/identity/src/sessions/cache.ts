import type { Uuid } from "@rempart/kernel";
import type { Account, Authenticated, Session } from "../types.ts";

/**
 * Sessions by the digest of their token, the least recently used forgotten first. Everything in here was true when the
 * feed of changes was last read; whoever asks must see to it that this was recent.
 */
export class SessionCache {
  readonly #capacity: number;
  readonly #entries = new Map<string, Authenticated>();
  readonly #keyBySession = new Map<Uuid, string>();
  readonly #keysByUser = new Map<Uuid, Set<string>>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Authenticated | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    // A map iterates in order of insertion: putting an entry back makes it the youngest.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, entry: Authenticated): void {
    if (this.#entries.size >= this.#capacity && !this.#entries.has(key)) this.#dropOldest();
    this.#entries.set(key, entry);
    this.#keyBySession.set(entry.session.id, key);
    const keys = this.#keysByUser.get(entry.account.id);
    if (keys) keys.add(key);
    else this.#keysByUser.set(entry.account.id, new Set([key]));
  }

  /** Replaces what is known of a session without changing its place; does nothing when it is not here. */
  update(key: string, account: Account, session: Session): Authenticated {
    const entry = { account, session };
    if (this.#entries.has(key)) this.#entries.set(key, entry);
    return entry;
  }

  deleteSession(sessionId: Uuid): void {
    const key = this.#keyBySession.get(sessionId);
    if (key !== undefined) this.#delete(key);
  }

  deleteUser(userId: Uuid): void {
    for (const key of this.#keysByUser.get(userId) ?? []) this.#delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#keyBySession.clear();
    this.#keysByUser.clear();
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#delete(oldest.value);
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#keyBySession.delete(entry.session.id);
    const keys = this.#keysByUser.get(entry.account.id);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysByUser.delete(entry.account.id);
  }
}
