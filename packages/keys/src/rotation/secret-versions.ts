import { type Clock, type Random, systemClock, systemRandom, toBase64Url } from "@rempart/kernel";
import { KeysError } from "../errors.ts";
import type { Envelopes } from "../ports.ts";
import type { Queryable, Rotatable, TransactionalDatabase } from "./ports.ts";
import { type Changed, destroy, type KeyVersion, retire, rotate, stateAt } from "./versions.ts";

export interface VersionedSecretsOptions {
  readonly purpose: "csrf";
  readonly database: TransactionalDatabase;
  readonly envelopes: Envelopes;
  /** Milliseconds that what an old version made stays good: at least the life of the tokens. */
  readonly overlapMs: number;
  /** Milliseconds a process may use what it read; 60,000 unless told. A new version waits twice as long before it is used. */
  readonly freshMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface SecretVersion {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface VersionedSecrets extends Rotatable {
  /** What to make new things with. The installation's first version is made here. */
  current(): Promise<SecretVersion>;
  /** The version something was made with; null when there is none of this id whose works are still good. */
  accepted(id: string): Promise<SecretVersion | null>;
}

const FRESH_MS = 60_000;
const KEY_BYTES = 32;
const ID_BYTES = 9;

/** Secrets with versions, sealed in the table `secret_versions`, the same in every process. */
export function versionedSecrets(options: VersionedSecretsOptions): VersionedSecrets {
  const { purpose, database, envelopes, overlapMs, freshMs = FRESH_MS } = options;
  const { clock = systemClock, random = systemRandom } = options;
  const opened = new Map<string, Promise<SecretVersion>>();
  let read: { readonly at: number; readonly rows: Promise<readonly Row[]> } | undefined;

  function rows(): Promise<readonly Row[]> {
    const now = clock.monotonic();
    if (read !== undefined && now - read.at < freshMs) return read.rows;
    const reading = { at: now, rows: listRows(database, purpose) };
    reading.rows.catch(() => {
      if (read === reading) read = undefined;
    });
    read = reading;
    return reading.rows;
  }

  function open(row: Row): Promise<SecretVersion> {
    const known = opened.get(row.id);
    if (known !== undefined) return known;
    const opening = envelopes
      .open(row.secret ?? "", placeOf(purpose, row.id))
      .then((key) => ({ id: row.id, key }));
    opened.set(row.id, opening);
    opening.catch(() => opened.delete(row.id));
    return opening;
  }

  /** The new secret is sealed before the transaction: a slow key provider holds no lock. */
  async function addVersion(onlyFirst: boolean): Promise<void> {
    const id = toBase64Url(random.bytes(ID_BYTES));
    const secret = await envelopes.seal(random.bytes(KEY_BYTES), placeOf(purpose, id));
    await database.transaction(async (tx) => {
      await lock(tx);
      const before = await listRows(tx, purpose);
      if (onlyFirst && before.some((row) => stateAt(row, clock.now()) === "active")) return;
      const after = rotate(before, { id, now: clock.now(), aheadMs: 2 * freshMs, overlapMs });
      for (const version of after) await save(tx, purpose, version, version.id === id ? secret : undefined);
    });
    read = undefined;
  }

  async function apply(step: (versions: readonly KeyVersion[]) => Changed): Promise<void> {
    await database.transaction(async (tx) => {
      await lock(tx);
      const changed = step(await listRows(tx, purpose));
      if ("refused" in changed)
        throw new KeysError("rotation-refused", `${purpose}: the version is ${changed.refused}`);
      for (const version of changed.versions) await save(tx, purpose, version, undefined);
    });
    read = undefined;
    opened.clear();
  }

  async function activeRow(): Promise<Row | undefined> {
    const now = clock.now();
    return (await rows()).findLast((row) => stateAt(row, now) === "active");
  }

  return {
    purpose,
    async current() {
      const active = await activeRow();
      if (active !== undefined) return open(active);
      await addVersion(true);
      const made = await activeRow();
      if (made === undefined) throw new KeysError("rotation-failed", `${purpose}: no version is in use`);
      return open(made);
    },
    async accepted(id) {
      const row = (await rows()).find((candidate) => candidate.id === id);
      if (row === undefined) return null;
      const state = stateAt(row, clock.now());
      return state === "retired" || state === "destroyed" ? null : open(row);
    },
    versions: () => listRows(database, purpose),
    async rotate() {
      await addVersion(false);
      return (await listRows(database, purpose)).at(-1)?.id ?? "";
    },
    retire: (id) => apply((versions) => retire(versions, id, clock.now())),
    destroy: (id) => apply((versions) => destroy(versions, id, clock.now())),
  };
}

function placeOf(purpose: string, id: string) {
  return { table: "secret_versions", column: "secret", row: `${purpose}/${id}` };
}

interface Row extends KeyVersion {
  /** The envelope; null once destroyed. */
  readonly secret: string | null;
}

interface StoredRow {
  readonly id: string;
  readonly secret: string | null;
  readonly created_at: Date;
  readonly active_from: Date;
  readonly active_until: Date | null;
  readonly accepted_until: Date | null;
  readonly destroyed_at: Date | null;
}

/** Serialises the changes of all processes. */
async function lock(tx: Queryable): Promise<void> {
  await tx.query("LOCK TABLE secret_versions IN SHARE ROW EXCLUSIVE MODE");
}

/** Oldest first. */
async function listRows(database: Queryable, purpose: string): Promise<Row[]> {
  const stored = await database.query<StoredRow>(
    `SELECT id, secret, created_at, active_from, active_until, accepted_until, destroyed_at
       FROM secret_versions WHERE purpose = $1 ORDER BY active_from, created_at, id`,
    [purpose],
  );
  return stored.map((row) => ({
    id: row.id,
    secret: row.secret,
    createdAt: row.created_at.getTime(),
    activeFrom: row.active_from.getTime(),
    activeUntil: row.active_until?.getTime() ?? null,
    acceptedUntil: row.accepted_until?.getTime() ?? null,
    destroyedAt: row.destroyed_at?.getTime() ?? null,
  }));
}

/** `secret` for a new version; that of a destroyed one goes. */
async function save(
  tx: Queryable,
  purpose: string,
  version: KeyVersion,
  secret: string | undefined,
): Promise<void> {
  const { id, createdAt, activeFrom, activeUntil, acceptedUntil, destroyedAt } = version;
  const times = [createdAt, activeFrom, activeUntil, acceptedUntil, destroyedAt].map((time) =>
    time === null ? null : new Date(time),
  );
  if (secret !== undefined) {
    await tx.query(`INSERT INTO secret_versions VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, [
      purpose,
      id,
      secret,
      ...times,
    ]);
    return;
  }
  await tx.query(
    `UPDATE secret_versions SET created_at = $3, active_from = $4, active_until = $5, accepted_until = $6, destroyed_at = $7,
            secret = CASE WHEN $7::timestamptz IS NULL THEN secret END
      WHERE purpose = $1 AND id = $2`,
    [purpose, id, ...times],
  );
}
