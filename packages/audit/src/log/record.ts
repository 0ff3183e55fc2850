import type { Database, Queryable } from "@rempart/database";
import type { Clock, Random } from "@rempart/kernel";
import { uuidV7Generator } from "@rempart/kernel";
import { commitmentOf } from "../entry/leaf.ts";
import type { AuditEvent } from "../events/event.ts";
import { prepare } from "../events/prepare.ts";
import { pooledRandom } from "../pooled-random.ts";
import { sealPersonal } from "../subjects/cipher.ts";
import type { SubjectKeys } from "../subjects/subjects.ts";
import type { Sha256 } from "../tree/hash.ts";
import { gathering } from "./gathering.ts";
import { insertEntries, insertEntry, isRefusal, type NewEntry } from "./insert.ts";

export interface RecorderOptions {
  readonly database: Database;
  readonly subjects: SubjectKeys;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The entry's id. Runs on the caller's transaction: the event is recorded if, and only if, what it tells of commits. Given the
 * database itself, it is committed when this resolves, in one statement with others that came meanwhile.
 */
export type Record = (tx: Queryable, event: AuditEvent) => Promise<string>;

/** All of them or none, in one statement. The entries' ids, in the order of the events. */
type RecordAll = (tx: Queryable, events: readonly AuditEvent[]) => Promise<string[]>;

export interface Recorder {
  readonly record: Record;
  readonly recordAll: RecordAll;
}

const SALT_BYTES = 16;

export function createRecorder(options: RecorderOptions): Recorder {
  const { database } = options;
  const entryOf = entryMaker(options);
  const gather = gathering((entries: readonly NewEntry[]) => insertEntries(database, entries), isRefusal);
  return {
    async record(tx, event) {
      const entry = await entryOf(tx, event);
      await (tx === database ? gather(entry) : insertEntry(tx, entry));
      return entry.id;
    },
    async recordAll(tx, events) {
      const entries: NewEntry[] = [];
      for (const event of events) entries.push(await entryOf(tx, event));
      await insertEntries(tx, entries);
      return entries.map(({ id }) => id);
    },
  };
}

function entryMaker({ subjects, sha256, clock, random }: RecorderOptions) {
  const pooled = pooledRandom(random);
  const newId = uuidV7Generator(clock, pooled);
  return async (tx: Queryable, event: AuditEvent): Promise<NewEntry> => {
    const now = clock.now();
    const { type, retention, body, subject, personal, address } = prepare(event, now);
    const id = newId();
    const key = subject === null ? null : await subjects.forWriting(tx, subject);
    const sealed = key === null || personal === null ? null : sealPersonal(key, personal, id, pooled);
    const salt = pooled.bytes(SALT_BYTES);
    return {
      id,
      time: new Date(now).toISOString(),
      type,
      retention,
      body,
      subject,
      personal: sealed,
      address: key === null ? null : address,
      salt,
      commitment: commitmentOf(sha256, { salt, body, personal: sealed }),
    };
  };
}
