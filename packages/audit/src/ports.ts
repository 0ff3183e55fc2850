/** The small faces through which the log reaches what it does not own. */

/**
 * Files by path, as a directory or a bucket keeps them. Paths are relative, of letters, digits, `.`, `-` and `/`.
 * `test/object-store-contract.ts` is what an implementation must pass.
 */
export interface ObjectStore {
  /** Durable when it resolves: a crash of the machine keeps the old content or the new, never a half. */
  put(path: string, content: Uint8Array): Promise<void>;
  /**
   * The same if `expected` is what stands there; null: nothing does. False, and nothing is changed, when it is not: of two who
   * replace the same at once, one does.
   */
  replace(path: string, content: Uint8Array, expected: Uint8Array | null): Promise<boolean>;
  /** Null when there is nothing at this path. */
  get(path: string): Promise<Uint8Array | null>;
  /** Removes whatever lies below this folder; nothing there is no error. */
  removeBelow(folder: string): Promise<void>;
}
