import type { Clock } from "@rempart/kernel";
import type { DataKey } from "../envelope/data-key.ts";
import type { DataKeys } from "./data-keys.ts";

export interface OpenedKeysLimits {
  readonly keys: number;
  /** Milliseconds after which a key is asked for again, so that a permission withdrawn at the provider takes effect. */
  readonly ageMs: number;
}

export const OPENED_KEYS_LIMITS: OpenedKeysLimits = { keys: 1_000, ageMs: 15 * 60_000 };

interface Ports {
  readonly keys: DataKeys;
  readonly limits: OpenedKeysLimits;
  readonly clock: Clock;
}

/** Data keys that were unwrapped, by the text that names them. The least recently used goes first, and is wiped. */
export class OpenedKeys {
  readonly #keys: DataKeys;
  readonly #limits: OpenedKeysLimits;
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly key: DataKey; readonly since: number }>();
  readonly #underWay = new Map<string, Promise<void>>();
  #closed = false;

  constructor({ keys, limits, clock }: Ports) {
    this.#keys = keys;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Runs `work` with the key: at once, since a moment later it may be wiped. One request at a time for a prefix. */
  use<T>(prefix: string, work: (key: DataKey) => T): T | Promise<T> {
    if (this.#closed) throw new TypeError("this keyring is closed");
    const key = this.#recall(prefix);
    return key === undefined ? this.#useLoaded(prefix, work) : work(key);
  }

  async #useLoaded<T>(prefix: string, work: (key: DataKey) => T): Promise<T> {
    let loading = this.#underWay.get(prefix);
    if (loading === undefined) {
      loading = this.#load(prefix).finally(() => this.#underWay.delete(prefix));
      this.#underWay.set(prefix, loading);
    }
    await loading;
    return this.use(prefix, work);
  }

  add(key: DataKey): void {
    this.#drop(key.prefix);
    this.#known.set(key.prefix, { key, since: this.#clock.monotonic() });
    if (this.#closed) this.wipe();
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > this.#limits.keys && oldest !== undefined) this.#drop(oldest);
  }

  wipe(): void {
    this.#closed = true;
    for (const prefix of [...this.#known.keys()]) this.#drop(prefix);
  }

  async #load(prefix: string): Promise<void> {
    const key = await this.#keys.open(prefix);
    if (this.#known.has(prefix)) key.wipe();
    else this.add(key);
  }

  #recall(prefix: string): DataKey | undefined {
    const entry = this.#known.get(prefix);
    if (entry === undefined) return undefined;
    if (this.#clock.monotonic() - entry.since >= this.#limits.ageMs) {
      this.#drop(prefix);
      return undefined;
    }
    this.#known.delete(prefix);
    this.#known.set(prefix, entry);
    return entry.key;
  }

  #drop(prefix: string): void {
    this.#known.get(prefix)?.key.wipe();
    this.#known.delete(prefix);
  }
}
