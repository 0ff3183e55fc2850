import { type BanSnapshot, type Bans, createBans } from "@rempart/edge";
import type { WaitUntil } from "@rempart/edge/workers";
import { type Clock, explain } from "@rempart/kernel";

/** What is used of a KV binding. */
export interface KvReader {
  get(key: string, type: "json"): Promise<unknown>;
}

/** The one key: a `BanSnapshot` as JSON. */
const KEY = "bans";
const REFRESH_MS = 30_000;

export interface KvBansOptions {
  readonly namespace: KvReader;
  readonly clock: Clock;
  /** Told why a snapshot could not be read or was refused: the one before stays in force. */
  readonly failed: (reason: string) => void;
}

/** Bans that an operator keeps in KV. A decision asks no network: each instance reads them anew, behind a request, every 30 seconds. */
export class KvBans {
  readonly bans: Bans;
  readonly #options: KvBansOptions;
  #readAt = Number.NEGATIVE_INFINITY;
  #hasRead = false;

  constructor(options: KvBansOptions) {
    this.#options = options;
    this.bans = createBans({ clock: options.clock });
  }

  /** Reads when it is time: before the first request, which waits for it, and beside later ones. */
  async refresh(waitUntil: WaitUntil): Promise<void> {
    const now = this.#options.clock.monotonic();
    if (now - this.#readAt < REFRESH_MS) return;
    this.#readAt = now;
    const reading = this.#read();
    if (this.#hasRead) waitUntil(reading);
    else await reading;
    this.#hasRead = true;
  }

  async #read(): Promise<void> {
    try {
      const snapshot = await this.#options.namespace.get(KEY, "json");
      this.bans.replace((snapshot ?? { networks: [], users: [] }) as BanSnapshot);
    } catch (error) {
      this.#options.failed(explain(error));
    }
  }
}
