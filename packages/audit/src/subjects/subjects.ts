import type { Queryable } from "@rempart/database";
import type { Clock, Random } from "@rempart/kernel";
import type { Envelopes } from "@rempart/keys";
import { openPersonal, SUBJECT_KEY_BYTES } from "./cipher.ts";

interface SubjectRow {
  sealed_key: string | null;
  /** Written by the transaction that reads it: it may still vanish. */
  uncommitted: boolean;
}

interface Remembered {
  readonly key: Uint8Array;
  readonly until: number;
}

export interface SubjectKeysOptions {
  readonly envelopes: Envelopes;
  readonly clock: Clock;
  readonly random: Random;
  /** Most keys kept in memory. */
  readonly capacity?: number;
  /** How long, in milliseconds: an erasure made by another process is felt that much later. */
  readonly keepMs?: number;
}

const DEFAULT_CAPACITY = 10_000;
const DEFAULT_KEEP_MS = 60_000;

/** One key for each person whose data the log holds, made when first needed, gone when the person is erased. */
export class SubjectKeys {
  readonly #options: SubjectKeysOptions;
  readonly #keys = new Map<string, Remembered>();

  constructor(options: SubjectKeysOptions) {
    this.#options = options;
  }

  /**
   * The subject's key, made in this transaction when there is none; null when the subject was erased. Everything happens
   * on the caller's connection: waiting for another one, with all of them waiting, would never end.
   */
  async forWriting(tx: Queryable, subject: string): Promise<Uint8Array | null> {
    return this.#remembered(subject) ?? (await this.#read(tx, subject)) ?? (await this.#make(tx, subject));
  }

  /** Null when the subject was erased, or never had a key. */
  async forReading(db: Queryable, subject: string): Promise<Uint8Array | null> {
    return this.#remembered(subject) ?? (await this.#read(db, subject)) ?? null;
  }

  /** Forgets what is remembered of a key that is being destroyed. */
  drop(subject: string): void {
    this.#keys.delete(subject);
  }

  #remembered(subject: string): Uint8Array | undefined {
    const found = this.#keys.get(subject);
    if (found === undefined) return undefined;
    if (found.until > this.#options.clock.monotonic()) return found.key;
    this.#keys.delete(subject);
    return undefined;
  }

  /** Undefined: there is no such subject yet. */
  async #read(db: Queryable, subject: string): Promise<Uint8Array | null | undefined> {
    const [row] = await db.query<SubjectRow>(
      `SELECT sealed_key, coalesce(xmin = pg_current_xact_id_if_assigned()::xid, false) AS uncommitted
       FROM audit_subjects WHERE subject = $1`,
      [subject],
      { name: "audit-subject" },
    );
    if (row === undefined) return undefined;
    if (row.sealed_key === null) return null;
    const key = await this.#options.envelopes.open(row.sealed_key, whereOf(subject));
    if (!row.uncommitted) this.#remember(subject, key);
    return key;
  }

  async #make(tx: Queryable, subject: string): Promise<Uint8Array | null> {
    const { envelopes, random, clock } = this.#options;
    const key = random.bytes(SUBJECT_KEY_BYTES);
    const inserted = await tx.query(
      `INSERT INTO audit_subjects (subject, sealed_key, created_at) VALUES ($1, $2, $3)
       ON CONFLICT (subject) DO NOTHING RETURNING subject`,
      [subject, await envelopes.seal(key, whereOf(subject)), new Date(clock.now())],
    );
    // Somebody else's transaction was first, and has committed while this one waited.
    return inserted.length > 0 ? key : ((await this.#read(tx, subject)) ?? null);
  }

  #remember(subject: string, key: Uint8Array): void {
    const { capacity = DEFAULT_CAPACITY, keepMs = DEFAULT_KEEP_MS, clock } = this.#options;
    if (this.#keys.size >= capacity) {
      const [oldest] = this.#keys.keys();
      if (oldest !== undefined) this.#keys.delete(oldest);
    }
    this.#keys.set(subject, { key, until: clock.monotonic() + keepMs });
  }
}

function whereOf(subject: string): { table: string; column: string; row: string } {
  return { table: "audit_subjects", column: "sealed_key", row: subject };
}

/** The address that an entry's encrypted part holds; null for none, undefined when its subject was erased. */
export function addressReader(
  db: Queryable,
  subjects: SubjectKeys,
): (entry: {
  id: string;
  subject: string | null;
  personal: Uint8Array | null;
}) => Promise<string | null | undefined> {
  return async ({ id, subject, personal }) => {
    if (subject === null || personal === null) return null;
    const key = await subjects.forReading(db, subject);
    if (key === null) return undefined;
    const text = openPersonal(key, personal, id);
    return text === null ? null : (addressIn(JSON.parse(text)) ?? null);
  };
}

function addressIn(personal: unknown): string | undefined {
  const address = (personal as { address?: unknown }).address;
  return typeof address === "string" ? address : undefined;
}
