import { type Bytes, concat, fromUtf8, type Random, utf8 } from "@rempart/kernel";
import { CoreError } from "../errors.ts";
import type { Records } from "./records.ts";
import type { Operation, Range, Storage, Table } from "./storage.ts";

/**
 * A record is `version(1) ‖ nonce(12) ‖ AES-256-GCM(kind(1) ‖ value)`. Table and key are associated data, so a record
 * moved under another key does not open. Rolling the whole store back is not detected (see THREATS.md).
 */
const VERSION = 1;
const NONCE_BYTES = 12;
const BYTES_VALUE = 0;
const JSON_VALUE = 1;

export interface Found<T extends Table> {
  readonly key: string;
  /** Null: the stored bytes do not decrypt or parse. */
  readonly value: Records[T] | null;
}

/** Changes that become durable together, or not at all. Later changes of a key replace earlier ones. */
export class Batch {
  readonly #changes: Change[] = [];

  put<T extends Table>(table: T, key: string, value: Records[T]): this {
    this.#changes.push({ type: "put", table, key, value });
    return this;
  }

  delete(table: Table, key: string): this {
    this.#changes.push({ type: "delete", table, key });
    return this;
  }

  deleteRange(table: Table, from: string, to: string): this {
    this.#changes.push({ type: "delete-range", table, from, to });
    return this;
  }

  get changes(): readonly Change[] {
    return this.#changes;
  }
}

type Change =
  | { readonly type: "put"; readonly table: Table; readonly key: string; readonly value: unknown }
  | Exclude<Operation, { type: "put" }>;

/** The encrypted view of a storage, for one owner. */
export interface Vault {
  /** @throws CoreError `unreadable` when the record is there and does not decrypt. */
  get<T extends Table>(table: T, key: string): Promise<Records[T] | undefined>;
  range<T extends Table>(table: T, range: Range): Promise<readonly Found<T>[]>;
  /** @throws CoreError `fenced` or `storage-full`; then nothing was written. */
  commit(batch: Batch): Promise<void>;
}

/** Takes the fence: whoever opened the same storage before cannot write any more. */
export async function openVault(storage: Storage, random: Random): Promise<Vault> {
  const key = await storage.vaultKey();
  const fence = await storage.takeFence();
  return {
    async get(table, id) {
      const stored = await storage.read(table, id);
      return stored && ((await unseal(key, table, id, stored)) as Records[typeof table]);
    },
    async range(table, range) {
      const entries = await storage.readRange(table, range);
      return Promise.all(entries.map((entry) => found(key, table, entry.key, entry.value)));
    },
    async commit(batch) {
      const operations = await Promise.all(batch.changes.map((change) => sealed(key, random, change)));
      await storage.write(operations, fence);
    },
  };
}

async function found<T extends Table>(
  key: CryptoKey,
  table: T,
  id: string,
  stored: Bytes,
): Promise<Found<T>> {
  try {
    return { key: id, value: (await unseal(key, table, id, stored)) as Records[T] };
  } catch {
    return { key: id, value: null };
  }
}

async function sealed(key: CryptoKey, random: Random, change: Change): Promise<Operation> {
  if (change.type !== "put") return change;
  const nonce = random.bytes(NONCE_BYTES);
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: place(change.table, change.key) };
  const body = await crypto.subtle.encrypt(algorithm, key, encode(change.value));
  const value = concat(Uint8Array.of(VERSION), nonce, new Uint8Array(body));
  return { type: "put", table: change.table, key: change.key, value };
}

async function unseal(key: CryptoKey, table: Table, id: string, stored: Bytes): Promise<unknown> {
  try {
    if (stored[0] !== VERSION) throw new RangeError(`unknown record version ${stored[0]}`);
    const iv = stored.subarray(1, 1 + NONCE_BYTES);
    const algorithm = { name: "AES-GCM", iv, additionalData: place(table, id) };
    return decode(
      new Uint8Array(await crypto.subtle.decrypt(algorithm, key, stored.subarray(1 + NONCE_BYTES))),
    );
  } catch (cause) {
    throw new CoreError("unreadable", `A record of ${table} does not decrypt`, { cause });
  }
}

/** Tables have no slash in their names, so two places never read the same. */
function place(table: Table, key: string): Bytes {
  return utf8(`${table}/${key}`);
}

function encode(value: unknown): Bytes {
  return value instanceof Uint8Array
    ? concat(Uint8Array.of(BYTES_VALUE), value)
    : concat(Uint8Array.of(JSON_VALUE), utf8(JSON.stringify(value)));
}

function decode(bytes: Bytes): unknown {
  const value = bytes.subarray(1);
  return bytes[0] === BYTES_VALUE ? value : JSON.parse(fromUtf8(value) ?? "");
}
