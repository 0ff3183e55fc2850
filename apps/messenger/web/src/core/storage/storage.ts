/**
 * The store under the vault: named tables of opaque bytes under clear keys. Two adapters pass one contract suite
 * (`test/storage-contract.ts`): IndexedDB in the browser, memory in Node.
 */
import type { Bytes } from "@rempart/kernel";

export const TABLES = [
  "meta",
  "device",
  "keyPackages",
  "groups",
  "messages",
  "outbox",
  "conversations",
  "people",
  "verified",
] as const;
export type Table = (typeof TABLES)[number];

export type Operation =
  | { readonly type: "put"; readonly table: Table; readonly key: string; readonly value: Bytes }
  | { readonly type: "delete"; readonly table: Table; readonly key: string }
  /** Every key in `[from, to)`. */
  | { readonly type: "delete-range"; readonly table: Table; readonly from: string; readonly to: string };

export interface Range {
  /** Inclusive. */
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
  readonly limit: number;
  readonly newestFirst?: boolean;
}

export interface Entry {
  readonly key: string;
  readonly value: Bytes;
}

export interface Storage {
  /** The AES-256-GCM key of this store: not extractable, made at the first call, the same ever after. */
  vaultKey(): Promise<CryptoKey>;
  /** A number higher than any before. Whoever took an earlier one cannot write any more. */
  takeFence(): Promise<number>;
  read(table: Table, key: string): Promise<Bytes | undefined>;
  /** In the order of the keys (by UTF-16 code unit), or backwards. */
  readRange(table: Table, range: Range): Promise<readonly Entry[]>;
  /**
   * All operations or none, in one transaction which also checks that `fence` is the last one taken.
   *
   * @throws CoreError `fenced` when another owner took a fence since, `storage-full` when there is no room.
   */
  write(operations: readonly Operation[], fence: number): Promise<void>;
  close(): void;
}
