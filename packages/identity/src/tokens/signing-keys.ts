import type { KeyObject } from "node:crypto";
import type { Queryable, Transaction } from "@rempart/database";
import type { Context } from "../context.ts";
import { IdentityError } from "../errors.ts";
import type { Envelopes } from "../ports.ts";
import { headerOf } from "./jwt.ts";
import {
  privateKeyOf,
  publicBytesOf,
  publicKeyOf,
  SEED_BYTES,
  type SigningJwk,
  thumbprint,
  toJwk,
} from "./key-material.ts";
import {
  destroyKey,
  destroySpentKeys,
  endKey,
  insertKey,
  KEYS_LOCK,
  type KeyRow,
  listKeys,
  type NewKey,
} from "./key-store.ts";

/**
 * One key, in the form of `KeyVersion` of `@rempart/keys`; `id` is its `kid`. Times are Unix milliseconds. The private half
 * goes when the key has signed for the last time; it counts as destroyed when its tokens are no longer accepted either.
 */
export interface SigningKeyVersion {
  readonly id: string;
  readonly createdAt: number;
  /** It is published from `createdAt` and signs from here. */
  readonly activeFrom: number;
  readonly activeUntil: number | null;
  readonly acceptedUntil: number | null;
  readonly destroyedAt: number | null;
}

type State = "next" | "signing" | "accepted" | "retired";

interface Entry {
  readonly row: KeyRow;
  readonly publicKey: KeyObject;
  readonly header: string;
}

interface Signer {
  readonly header: string;
  readonly privateKey: KeyObject;
}

/** The keys of access tokens: what is in the database, read again when the feed says that it changed. */
export class SigningKeys {
  readonly #context: Context;
  #entries: Promise<readonly Entry[]> | null = null;
  /** Opened private halves by `kid`. */
  readonly #opened = new Map<string, Promise<KeyObject>>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** What was read may be out of date. */
  forget(): void {
    this.#entries = null;
  }

  /** The public key whose tokens bear this header, if they are accepted now. */
  async accepting(header: string): Promise<KeyObject | null> {
    const now = this.#context.clock.now();
    const entry = (await this.#load()).find((candidate) => candidate.header === header);
    return entry === undefined || stateOf(entry.row, now) === "retired" ? null : entry.publicKey;
  }

  /** The key to sign with; the installation's first one is made here. */
  async signer(): Promise<Signer> {
    const signing = signingAt(await this.#load(), this.#context.clock.now()) ?? (await this.#makeFirst());
    return { header: signing.header, privateKey: await this.#open(signing.row) };
  }

  /** What is published: the keys to come as well, so that verifiers know them before they sign. */
  async published(): Promise<SigningJwk[]> {
    const now = this.#context.clock.now();
    const entries = (await this.#load()).filter(({ row }) => stateOf(row, now) !== "retired");
    return entries.map(({ row }) => toJwk(row.kid, row.public_key));
  }

  /** The oldest first. */
  async versions(): Promise<SigningKeyVersion[]> {
    const now = this.#context.clock.now();
    return (await listKeys(this.#context.database)).map((row) => toVersion(row, now));
  }

  /**
   * Makes the key that signs next, unless one is waiting already. It is published `publishAheadMs` before it signs, or signs
   * `atOnce`. Resolves with its `kid`.
   */
  async rotate({ atOnce = false } = {}): Promise<string> {
    const fresh = await this.#generate();
    const kid = await this.#context.database.transaction(async (tx) => {
      await tx.query(KEYS_LOCK);
      const waiting = atOnce ? undefined : await this.#waiting(tx);
      return waiting ?? (await this.#insert(tx, fresh, atOnce ? 0 : this.#config.publishAheadMs));
    });
    this.forget();
    return kid;
  }

  /** The same, only when the newest key is older than `rotateEveryMs`; spent private halves go. */
  async maintain(): Promise<void> {
    const now = this.#context.clock.now();
    await destroySpentKeys(this.#context.database, now - this.#config.toleranceMs);
    const newest = (await listKeys(this.#context.database)).at(-1);
    if (newest !== undefined && newest.created_at.getTime() <= now - this.#config.rotateEveryMs) {
      await this.rotate();
    }
  }

  /** Nothing this key signed is good any more, from now on. The key that signs is replaced at once. */
  async retire(kid: string): Promise<void> {
    const now = this.#context.clock.now();
    const replacement = await this.#generate();
    await this.#context.database.transaction(async (tx) => {
      await tx.query(KEYS_LOCK);
      if (!(await endKey(tx, kid, now))) throw unknownKey();
      await this.#context.observe({ type: "keys.jwt.retired", kid }, tx);
      if (signingAt((await listKeys(tx)).map(toEntry), now) === null) await this.#insert(tx, replacement, 0);
    });
    this.#opened.delete(kid);
    this.forget();
  }

  /** Wipes the private half of a key whose tokens are accepted no more, should it still be there. */
  async destroy(kid: string): Promise<void> {
    const { database, clock } = this.#context;
    const found = (await listKeys(database)).find((row) => row.kid === kid);
    if (found === undefined) throw unknownKey();
    if (stateOf(found, clock.now()) !== "retired") {
      throw new IdentityError("signing-key-in-use", "Retire this key first: its tokens are accepted");
    }
    await destroyKey(database, kid);
  }

  get #config() {
    return this.#context.config.tokens;
  }

  #load(): Promise<readonly Entry[]> {
    if (this.#entries !== null) return this.#entries;
    const loading = listKeys(this.#context.database).then((rows) => rows.map(toEntry));
    this.#entries = loading;
    loading.catch(() => {
      if (this.#entries === loading) this.#entries = null;
    });
    return loading;
  }

  /** Of processes that start at once, one makes it and the others find it. */
  async #makeFirst(): Promise<Entry> {
    const fresh = await this.#generate();
    const { database, clock } = this.#context;
    await database.transaction(async (tx) => {
      await tx.query(KEYS_LOCK);
      const present = (await listKeys(tx)).map(toEntry);
      if (signingAt(present, clock.now()) === null) await this.#insert(tx, fresh, 0);
    });
    this.forget();
    const made = signingAt(await this.#load(), clock.now());
    if (made === null) throw new TypeError("a key was made that signs at once, and none does");
    return made;
  }

  async #generate(): Promise<NewKey> {
    const id = this.#context.newId();
    const seed = this.#context.random.bytes(SEED_BYTES);
    const publicKey = publicBytesOf(privateKeyOf(seed));
    const privateKey = await this.#envelopes.seal(seed, whereOf(id));
    seed.fill(0);
    return { id, kid: thumbprint(publicKey), publicKey, privateKey };
  }

  async #insert(tx: Transaction, key: NewKey, aheadMs: number): Promise<string> {
    const now = this.#context.clock.now();
    await insertKey(tx, key, { now, signsFrom: now + aheadMs, overlapMs: this.#config.overlapMs });
    await this.#context.observe({ type: "keys.jwt.rotated", kid: key.kid, signsFrom: now + aheadMs }, tx);
    return key.kid;
  }

  async #waiting(tx: Queryable): Promise<string | undefined> {
    const now = this.#context.clock.now();
    return (await listKeys(tx)).find((row) => stateOf(row, now) === "next")?.kid;
  }

  /** A private half is opened once: the provider of envelopes may be far away. */
  #open(row: KeyRow): Promise<KeyObject> {
    const known = this.#opened.get(row.kid);
    if (known !== undefined) return known;
    const opening = this.#openNow(row);
    this.#opened.set(row.kid, opening);
    opening.catch(() => this.#opened.delete(row.kid));
    return opening;
  }

  async #openNow({ id, kid, private_key }: KeyRow): Promise<KeyObject> {
    if (private_key === null) throw new TypeError(`the private half of ${kid} was destroyed`);
    const seed = await this.#envelopes.open(private_key, whereOf(id));
    const key = privateKeyOf(seed);
    seed.fill(0);
    return key;
  }

  get #envelopes(): Envelopes {
    const { envelopes } = this.#context;
    if (envelopes !== null) return envelopes;
    throw new IdentityError("not-configured", "Access tokens need envelopes to keep their keys in");
  }
}

function whereOf(id: string): { table: string; column: string; row: string } {
  return { table: "signing_keys", column: "private_key", row: id };
}

function stateOf({ signs_from, signs_until, accepted_until }: KeyRow, now: number): State {
  if (accepted_until !== null && accepted_until.getTime() <= now) return "retired";
  if (signs_until !== null && signs_until.getTime() <= now) return "accepted";
  return signs_from.getTime() > now ? "next" : "signing";
}

/** The newest that may sign: a clock that runs behind another's may see two. */
function signingAt(entries: readonly Entry[], now: number): Entry | null {
  return entries.findLast(({ row }) => row.private_key !== null && stateOf(row, now) === "signing") ?? null;
}

function toEntry(row: KeyRow): Entry {
  return { row, publicKey: publicKeyOf(row.public_key), header: headerOf(row.kid) };
}

function toVersion(row: KeyRow, now: number): SigningKeyVersion {
  const acceptedUntil = row.accepted_until?.getTime() ?? null;
  const isDestroyed = row.private_key === null && stateOf(row, now) === "retired";
  return {
    id: row.kid,
    createdAt: row.created_at.getTime(),
    activeFrom: row.signs_from.getTime(),
    activeUntil: row.signs_until?.getTime() ?? null,
    acceptedUntil,
    destroyedAt: isDestroyed ? acceptedUntil : null,
  };
}

function unknownKey(): IdentityError {
  return new IdentityError("unknown-signing-key", "No signing key of this name is accepted");
}
