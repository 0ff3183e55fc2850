import {
  AuditError,
  discloseEntries,
  LogReader,
  nodePrimitives,
  type ObjectStore,
  type PlacedDisclosure,
  type PublishedHead,
  signerKeys,
} from "@rempart/audit";
import { formatVerifierKey, treeHash } from "@rempart/audit/verify";
import type { Database } from "@rempart/database";
import { fromUtf8, toBase64Url } from "@rempart/kernel";
import { type KeyLogAnswer, type KeyLogEvent, LIMITS } from "@rempart/messaging/contract";
import { type Refusal, refuse } from "../refusal.ts";

export interface KeyLogOptions {
  readonly database: Database;
  /** The published files of the audit log. */
  readonly objects: ObjectStore;
}

export interface KeyLogQuery {
  /** Entries of the head that the asker saw last. */
  readonly seen?: number | undefined;
  /** Number of the last event that the asker knows. */
  readonly after?: number | undefined;
}

/** A head is replaced about once a second, and takes the partial tiles of the one before with it. */
const ATTEMPTS = 4;

/** What the audit log says of devices, with its proofs. The server believes nothing here that the asker cannot check. */
export class KeyLog {
  readonly #options: KeyLogOptions;
  readonly #reader: LogReader;

  constructor(options: KeyLogOptions) {
    this.#options = options;
    this.#reader = new LogReader(options.objects, treeHash(nodePrimitives.sha256));
  }

  head(seen?: number): Promise<KeyLogAnswer["head"] | Refusal> {
    return this.#underHead((head) => this.#headAnswer(head, seen));
  }

  of(userId: string, query: KeyLogQuery): Promise<KeyLogAnswer | Refusal> {
    return this.#underHead((head) => this.#answer(head, userId, query));
  }

  /** Runs on one head, and on the next one when that was replaced meanwhile. */
  async #underHead<T>(work: (head: PublishedHead) => Promise<T>): Promise<T | Refusal> {
    for (let attempt = 1; ; attempt += 1) {
      const head = await this.#reader.head();
      if (head === null) return refuse("unavailable");
      try {
        return await work(head);
      } catch (error) {
        if (!isReplaced(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #headAnswer(head: PublishedHead, seen = 0): Promise<KeyLogAnswer["head"]> {
    const keys = await signerKeys(this.#options.database);
    // Whoever saw a longer log learns from the shorter head that this is not the same one.
    const consistency = seen <= head.size ? await this.#reader.consistency(seen, head.size) : [];
    return {
      keys: keys.map(formatVerifierKey),
      checkpoint: fromUtf8(head.note) ?? "",
      consistency: consistency.map(toBase64Url),
    };
  }

  async #answer(
    head: PublishedHead,
    userId: string,
    { seen, after = 0 }: KeyLogQuery,
  ): Promise<KeyLogAnswer> {
    const { database } = this.#options;
    const rows = await database.query<{ number: number; entry_id: string }>(
      `SELECT number, entry_id FROM device_key_events
       WHERE user_id = $1 AND number > $2 ORDER BY number LIMIT $3`,
      [userId, after, LIMITS.keyLogPage + 1],
    );
    const page = rows.slice(0, LIMITS.keyLogPage);
    const disclosed = await discloseEntries(
      database,
      page.map((row) => row.entry_id),
    );
    const events = await Promise.all(
      page.flatMap(({ number, entry_id }) => {
        const entry = disclosed.get(entry_id);
        return entry === undefined ? [] : [this.#event(head, number, entry)];
      }),
    );
    return { head: await this.#headAnswer(head, seen), events, more: rows.length > page.length };
  }

  async #event(head: PublishedHead, number: number, entry: PlacedDisclosure): Promise<KeyLogEvent> {
    const { index, leaf, body, salt, personal } = entry;
    const placed = index !== null && index < head.size;
    return {
      number,
      leaf: toBase64Url(leaf),
      body,
      salt: toBase64Url(salt),
      personal: personal && toBase64Url(personal),
      place: placed
        ? { index, proof: (await this.#reader.inclusion(index, head.size)).map(toBase64Url) }
        : null,
    };
  }
}

function isReplaced(error: unknown): boolean {
  return error instanceof AuditError && error.code === "missing-tile";
}
