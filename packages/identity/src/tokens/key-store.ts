import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { instant } from "../context.ts";

export interface KeyRow {
  readonly id: Uuid;
  readonly kid: string;
  readonly public_key: Buffer;
  readonly private_key: string | null;
  readonly created_at: Date;
  readonly signs_from: Date;
  readonly signs_until: Date | null;
  readonly accepted_until: Date | null;
}

/** Taken by everything that makes or ends a signing key. The number is arbitrary and ours. */
export const KEYS_LOCK = "SELECT pg_advisory_xact_lock(7233187402)";

/** The oldest first. */
export function listKeys(db: Queryable): Promise<KeyRow[]> {
  return db.query<KeyRow>(
    `SELECT id, kid, public_key, private_key, created_at, signs_from, signs_until, accepted_until
     FROM signing_keys ORDER BY signs_from, id`,
  );
}

export interface NewKey {
  readonly id: Uuid;
  readonly kid: string;
  readonly publicKey: Buffer;
  /** An envelope. */
  readonly privateKey: string;
}

/** From `signsFrom` on the new key signs and the others do not; those are accepted for `overlapMs` more. */
export async function insertKey(
  db: Queryable,
  key: NewKey,
  times: { readonly now: number; readonly signsFrom: number; readonly overlapMs: number },
): Promise<void> {
  await db.query(
    "UPDATE signing_keys SET signs_until = $1, accepted_until = $2 WHERE signs_until IS NULL OR signs_until > $1",
    [instant(times.signsFrom), instant(times.signsFrom + times.overlapMs)],
  );
  await db.query(
    `INSERT INTO signing_keys (id, kid, public_key, private_key, created_at, signs_from)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [key.id, key.kid, key.publicKey, key.privateKey, instant(times.now), instant(times.signsFrom)],
  );
}

/** Stops a key from signing and from being accepted. False: there is none, or it was over already. */
export async function endKey(db: Queryable, kid: string, now: number): Promise<boolean> {
  const rows = await db.query(
    `UPDATE signing_keys SET signs_until = least(signs_until, $2), accepted_until = $2, private_key = NULL
     WHERE kid = $1 AND (accepted_until IS NULL OR accepted_until > $2) RETURNING id`,
    [kid, instant(now)],
  );
  return rows.length > 0;
}

/** A private half is of no use, and a risk, once its key has signed for the last time. */
export async function destroySpentKeys(db: Queryable, spentSince: number): Promise<void> {
  await db.query(
    "UPDATE signing_keys SET private_key = NULL WHERE private_key IS NOT NULL AND signs_until <= $1",
    [instant(spentSince)],
  );
}

export async function destroyKey(db: Queryable, kid: string): Promise<void> {
  await db.query("UPDATE signing_keys SET private_key = NULL WHERE kid = $1", [kid]);
}
