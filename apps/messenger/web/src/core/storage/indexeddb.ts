import type { Bytes } from "@rempart/kernel";
import { type DBSchema, deleteDB, type IDBPDatabase, type IDBPTransaction, openDB } from "idb";
import { CoreError } from "../errors.ts";
import { newVaultKey } from "./memory.ts";
import { type Entry, type Operation, type Range, type Storage, TABLES, type Table } from "./storage.ts";

type Schema = DBSchema &
  Record<Table, { key: string; value: Bytes }> & {
    control: { key: "key" | "fence"; value: CryptoKey | number };
  };
type Database = IDBPDatabase<Schema>;
type WriteTransaction = IDBPTransaction<Schema, (Table | "control")[], "readwrite">;

const VERSION = 1;

/** @throws CoreError `storage-full`, or `internal` when the browser gives no database (private mode of some browsers). */
export async function openIndexedDb(name: string): Promise<Storage> {
  const database = await translated(
    openDB<Schema>(name, VERSION, {
      upgrade(db) {
        for (const table of TABLES) db.createObjectStore(table);
        db.createObjectStore("control");
      },
      // A newer version of the code opens the database in another tab: let it.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    }),
  );
  return indexedDbStorage(database);
}

export function deleteIndexedDb(name: string): Promise<void> {
  return translated(deleteDB(name));
}

function indexedDbStorage(database: Database): Storage {
  return {
    vaultKey: () => translated(vaultKey(database)),
    takeFence: () => translated(takeFence(database)),
    read: (table, key) => translated(database.get(table, key)),
    readRange: (table, range) => translated(readRange(database, table, range)),
    write: (operations, fence) => translated(write(database, operations, fence)),
    close: () => database.close(),
  };
}

async function vaultKey(database: Database): Promise<CryptoKey> {
  // Made before the transaction: a transaction commits by itself while anything but its own requests is awaited.
  const fresh = await newVaultKey();
  const transaction = database.transaction("control", "readwrite");
  const stored = await transaction.store.get("key");
  if (stored === undefined) await transaction.store.put(fresh, "key");
  await transaction.done;
  return (stored as CryptoKey | undefined) ?? fresh;
}

async function takeFence(database: Database): Promise<number> {
  const transaction = database.transaction("control", "readwrite");
  const next = (((await transaction.store.get("fence")) as number | undefined) ?? 0) + 1;
  await transaction.store.put(next, "fence");
  await transaction.done;
  return next;
}

async function readRange(database: Database, table: Table, range: Range): Promise<Entry[]> {
  const bounds = IDBKeyRange.bound(range.from, range.to, false, true);
  const entries: Entry[] = [];
  let cursor = await database
    .transaction(table)
    .store.openCursor(bounds, range.newestFirst ? "prev" : "next");
  while (cursor && entries.length < range.limit) {
    entries.push({ key: cursor.key, value: cursor.value });
    cursor = await cursor.continue();
  }
  return entries;
}

async function write(database: Database, operations: readonly Operation[], fence: number): Promise<void> {
  const tables = new Set<Table | "control">(operations.map((operation) => operation.table));
  const transaction = database.transaction([...tables.add("control")], "readwrite", { durability: "strict" });
  const done = transaction.done;
  // Every path awaits `done`; without this an abort would also be reported as an unhandled rejection.
  done.catch(() => undefined);
  if ((await transaction.objectStore("control").get("fence")) !== fence) {
    transaction.abort();
    throw new CoreError("fenced", "Another tab owns this store");
  }
  await Promise.all(operations.map((operation) => apply(transaction, operation)));
  await done;
}

function apply(transaction: WriteTransaction, operation: Operation): Promise<unknown> {
  const store = transaction.objectStore(operation.table);
  switch (operation.type) {
    case "put":
      return store.put(operation.value, operation.key);
    case "delete":
      return store.delete(operation.key);
    case "delete-range":
      return store.delete(IDBKeyRange.bound(operation.from, operation.to, false, true));
  }
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof CoreError) throw cause;
    const full = cause instanceof DOMException && cause.name === "QuotaExceededError";
    throw new CoreError(full ? "storage-full" : "internal", "The browser's storage failed", { cause });
  }
}
