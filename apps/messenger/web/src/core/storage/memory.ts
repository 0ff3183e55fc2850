import type { Bytes } from "@rempart/kernel";
import { CoreError } from "../errors.ts";
import { type Entry, type Operation, type Range, type Storage, TABLES, type Table } from "./storage.ts";

interface Disk {
  readonly tables: ReadonlyMap<Table, Map<string, Bytes>>;
  key: CryptoKey | null;
  fence: number;
}

/** Storages that live as long as this object: opening a name again finds what was written, as a browser would. */
export interface MemoryDisks {
  open(name: string): Promise<Storage>;
  remove(name: string): Promise<void>;
  /** Bounds keys and values of each storage from now on; a write beyond it fails with `storage-full`. */
  limit(capacityBytes: number): void;
  /** Everything stored, for tests that look for plaintext: names, keys and values. */
  dump(): readonly { name: string; table: Table; key: string; value: Bytes }[];
}

export function memoryDisks(): MemoryDisks {
  let capacity = Number.POSITIVE_INFINITY;
  const disks = new Map<string, Disk>();
  const diskOf = (name: string): Disk => {
    const disk = disks.get(name) ?? emptyDisk();
    disks.set(name, disk);
    return disk;
  };
  return {
    open: async (name) => memoryStorage(diskOf(name), () => capacity),
    remove: async (name) => void disks.delete(name),
    limit(capacityBytes) {
      capacity = capacityBytes;
    },
    dump: () =>
      [...disks].flatMap(([name, disk]) =>
        [...disk.tables].flatMap(([table, rows]) =>
          [...rows].map(([key, value]) => ({ name, table, key, value })),
        ),
      ),
  };
}

function emptyDisk(): Disk {
  return { tables: new Map(TABLES.map((table) => [table, new Map()])), key: null, fence: 0 };
}

function memoryStorage(disk: Disk, capacity: () => number): Storage {
  const rows = (table: Table) => disk.tables.get(table) as Map<string, Bytes>;
  return {
    async vaultKey() {
      const fresh = await newVaultKey();
      disk.key ??= fresh;
      return disk.key;
    },
    async takeFence() {
      disk.fence += 1;
      return disk.fence;
    },
    async read(table, key) {
      return rows(table).get(key)?.slice();
    },
    async readRange(table, range) {
      return select(rows(table), range);
    },
    async write(operations, fence) {
      if (fence !== disk.fence) throw new CoreError("fenced", "Another tab owns this store");
      if (capacity() < Number.POSITIVE_INFINITY && sizeAfter(disk, operations) > capacity())
        throw new CoreError("storage-full", "No room left");
      for (const operation of operations) apply(rows(operation.table), operation);
    },
    close() {},
  };
}

/** Never extractable: what is stored can be read through this origin's code only. */
export function newVaultKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

function select(rows: ReadonlyMap<string, Bytes>, { from, to, limit, newestFirst }: Range): Entry[] {
  const keys = [...rows.keys()].filter((key) => key >= from && key < to).sort();
  if (newestFirst) keys.reverse();
  return keys.slice(0, limit).map((key) => ({ key, value: (rows.get(key) as Bytes).slice() }));
}

function apply(rows: Map<string, Bytes>, operation: Operation): void {
  switch (operation.type) {
    case "put":
      rows.set(operation.key, operation.value.slice());
      return;
    case "delete":
      rows.delete(operation.key);
      return;
    case "delete-range":
      for (const key of [...rows.keys()]) if (key >= operation.from && key < operation.to) rows.delete(key);
  }
}

function sizeAfter(disk: Disk, operations: readonly Operation[]): number {
  let size = 0;
  for (const rows of disk.tables.values()) for (const [key, value] of rows) size += key.length + value.length;
  for (const operation of operations)
    if (operation.type === "put") size += operation.key.length + operation.value.length;
  return size;
}
