import type { Secret } from "@rempart/runtime";

/** Where secrets are kept. One value a name; a JSON document is one value, too. */
export interface SecretProvider {
  readonly name: string;
  /**
   * The value in force. Called at most once at a time for a name. Rejects with a `KeysError`: `secret-missing` and
   * `secret-denied` are the store's answers, `secret-unavailable` means that it gave none.
   */
  read(name: string): Promise<Secret>;
  /**
   * Calls `changed` when the store itself tells that a value may be another, with its name or, when any may be, without.
   * Absent where only asking again can tell.
   */
  watch?(changed: (name?: string) => void): Disposable;
}

export type SecretEvent =
  /** The store gave no answer and the last known value was handed out. */
  | { readonly type: "stale"; readonly name: string; readonly ageMs: number }
  /** A read failed; `code` says whether it was refused or lost. */
  | { readonly type: "failed"; readonly name: string; readonly code: string }
  | { readonly type: "changed"; readonly name: string };

/** Counts and logs. It is given names, never values. What it throws is swallowed. */
export type SecretObserver = (event: SecretEvent) => void;
