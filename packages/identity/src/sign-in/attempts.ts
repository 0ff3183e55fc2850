import { hash } from "node:crypto";
import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { AttemptPolicy, IdentityConfig } from "../config.ts";
import { instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { addressKey } from "./address-key.ts";
import { type AttemptState, charge, waitFor } from "./backoff.ts";

/** One counter an attempt is charged to. Success takes the charge back, or forgets the counter. */
interface Counter {
  readonly key: Buffer;
  readonly policy: AttemptPolicy;
  readonly forgottenOnSuccess: boolean;
}

/** An attempt that was let through and is charged for until it succeeds. */
export type Attempt = readonly Counter[];

interface AttemptRow {
  key: Buffer;
  failures: number;
  last_attempt_at: Date;
  blocked_until: Date | null;
}

/**
 * The counters of one attempt. From an address the account has been signed in at before, the account-wide counter does
 * not apply: whoever attacks an account from everywhere else cannot keep its owner out.
 */
export function countersOf(
  email: string,
  address: string,
  familiar: readonly string[],
  policies: IdentityConfig["attempts"],
): Attempt {
  const from = addressKey(address);
  const pair = counter(`pair\n${email}\n${from}`, policies.pair, true);
  const byAddress = counter(`address\n${from}`, policies.address, false);
  if (familiar.some((known) => addressKey(known) === from)) return [pair, byAddress];
  return [pair, byAddress, counter(`account\n${email}`, policies.account, false)];
}

/** Guesses at a second factor, or at the password of who is signed in: whoever makes them has one half already. */
export function factorCounters(userId: Uuid, policies: IdentityConfig["attempts"]): Attempt {
  return [counter(`factor\n${userId}`, policies.factor, true)];
}

function counter(name: string, policy: AttemptPolicy, forgottenOnSuccess: boolean): Counter {
  return { key: hash("sha256", name, "buffer"), policy, forgottenOnSuccess };
}

/** Charges all counters, or throws `rate-limited` when one is blocked: the caller's transaction must then charge none. */
export async function chargeAttempt(
  tx: Queryable,
  attempt: Attempt,
  forgetMs: number,
  now: number,
): Promise<void> {
  const states = await lock(tx, attempt, now);
  const wait = Math.max(0, ...states.map(({ state }) => waitFor(state, now)));
  if (wait > 0) throw tooManyAttempts(wait);
  const charged = states.map(({ counter, state }) => ({
    key: counter.key,
    ...charge(state, counter.policy, forgetMs, now),
  }));
  await tx.query(
    `UPDATE sign_in_attempts a SET failures = c.failures, last_attempt_at = $4, blocked_until = c.blocked_until
     FROM unnest($1::bytea[], $2::int[], $3::timestamptz[]) AS c(key, failures, blocked_until) WHERE a.key = c.key`,
    [
      charged.map(({ key }) => key),
      charged.map(({ failures }) => failures),
      charged.map(({ blockedUntil }) => (blockedUntil === null ? null : instant(blockedUntil))),
      instant(now),
    ],
  );
}

/** Reads every counter's state and holds its row; rows are locked in the order of their keys, so that no two attempts deadlock. */
async function lock(tx: Queryable, attempt: Attempt, now: number) {
  const rows = await tx.query<AttemptRow>(
    `INSERT INTO sign_in_attempts AS a (key, failures, last_attempt_at)
     SELECT key, 0, $2 FROM unnest($1::bytea[]) AS k(key) ORDER BY key
     ON CONFLICT (key) DO UPDATE SET last_attempt_at = a.last_attempt_at
     RETURNING a.key, a.failures, a.last_attempt_at, a.blocked_until`,
    [attempt.map(({ key }) => key), instant(now)],
  );
  return attempt.map((counter) => {
    const row = rows.find(({ key }) => counter.key.equals(key));
    if (row === undefined) throw new TypeError("a counter was neither inserted nor found");
    return { counter, state: toState(row) };
  });
}

/** After a success: one failure less everywhere, none left for this account from this address. */
export async function forgiveAttempt(db: Queryable, attempt: Attempt): Promise<void> {
  const forgotten = attempt.filter((counter) => counter.forgottenOnSuccess).map(({ key }) => key);
  await db.query("DELETE FROM sign_in_attempts WHERE key = ANY($1::bytea[])", [forgotten]);
  await refundAttempt(
    db,
    attempt.filter((counter) => !counter.forgottenOnSuccess),
  );
}

/** Takes the charge back: the attempt was never judged. */
export async function refundAttempt(db: Queryable, attempt: Attempt): Promise<void> {
  await db.query(
    `UPDATE sign_in_attempts a SET failures = greatest(a.failures - 1, 0), blocked_until = NULL
     FROM (SELECT key FROM sign_in_attempts WHERE key = ANY($1::bytea[]) ORDER BY key FOR UPDATE) held
     WHERE a.key = held.key`,
    [attempt.map(({ key }) => key)],
  );
}

function toState(row: AttemptRow): AttemptState {
  return {
    failures: row.failures,
    lastAttemptAt: row.last_attempt_at.getTime(),
    blockedUntil: row.blocked_until?.getTime() ?? null,
  };
}

function tooManyAttempts(waitMs: number): IdentityError {
  return new IdentityError("rate-limited", "Too many failed attempts: wait before the next one", {
    details: { retryAfterSeconds: Math.ceil(waitMs / 1000) },
  });
}
