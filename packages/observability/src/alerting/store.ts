/** Where the engine's memory is: one for all processes that share it. */
import type { Letters } from "./letters.ts";
import type { Reason } from "./reason.ts";
import { type AlertEvent, type AlertingState, EMPTY_STATE } from "./state.ts";

export interface Held {
  readonly state: AlertingState;
  readonly letters: Letters;
}

export const NOTHING_HELD: Held = { state: EMPTY_STATE, letters: new Map() };

export interface Outcome<T> {
  readonly held: Held;
  readonly events?: readonly AlertEvent[];
  readonly answer: T;
}

export interface AlertStore {
  /**
   * Runs `work` alone among all processes and keeps what it returns, all or nothing. `now` is the store's clock, in
   * milliseconds since the Unix epoch. `work` has no effects: it may run again. Entries that stay the same objects are not written.
   */
  update<T>(work: (held: Held, now: number) => Outcome<T>): Promise<T>;
  /** Newest first; `about` is a fingerprint or a rule's name. */
  events(about: string | null, limit: number): Promise<AlertEvent[]>;
  /** Keeps the newest reason of each rule. */
  keepReason(rule: string, reason: Reason): Promise<void>;
  /** Null: the rule never fired here. */
  reasonOf(rule: string): Promise<Reason | null>;
  /** Forgets events before this time, and those beyond so many. */
  prune(before: number, keep: number): Promise<void>;
}
