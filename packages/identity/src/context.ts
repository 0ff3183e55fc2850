import type { Database, Transaction } from "@rempart/database";
import type { Clock, Random, Uuid } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { IdentityConfig } from "./config.ts";
import type { IdentityEvent } from "./events.ts";
import type { PasswordHasher } from "./passwords/hasher.ts";
import type { Envelopes, PasskeySite } from "./ports.ts";

/** What the acts of this package share. */
export interface Context {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: IdentityConfig;
  readonly hasher: PasswordHasher;
  readonly log: Logger;
  readonly newId: () => Uuid;
  readonly observe: Observe;
  /** Null: this installation seals nothing, so it has neither authenticator apps nor mails. */
  readonly envelopes: Envelopes | null;
  readonly passkeys: PasskeySite | null;
  /** False: what would be mailed is not even written. */
  readonly mails: boolean;
}

/**
 * Called inside the transaction of each act, once per event: what it writes through `tx` commits with the act or not at
 * all, and when it rejects the act does not happen. The transaction may be tried again, so it must have no other effect.
 */
export type Observe = (event: IdentityEvent, tx: Transaction) => Promise<void>;

export function instant(milliseconds: number): Date {
  return new Date(milliseconds);
}
