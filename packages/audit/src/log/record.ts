import type { Queryable } from "@rempart/database";
import type { Clock, Random } from "@rempart/kernel";
import { uuidV7Generator } from "@rempart/kernel";
import { commitmentOf } from "../entry/leaf.ts";
import type { AuditEvent } from "../events/event.ts";
import { prepare } from "../events/prepare.ts";
import { pooledRandom } from "../pooled-random.ts";
import { sealPersonal } from "../subjects/cipher.ts";
import type { SubjectKeys } from "../subjects/subjects.ts";
import type { Sha256 } from "../tree/hash.ts";

export interface RecorderOptions {
  readonly subjects: SubjectKeys;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly random: Random;
}

/** The entry's id. Runs on the caller's transaction: the event is recorded if, and only if, what it tells of commits. */
export type Record = (tx: Queryable, event: AuditEvent) => Promise<string>;

const SALT_BYTES = 16;

const INSERT = `
  INSERT INTO audit_entries
    (id, created_at, event_type, retention, body, subject, personal, ip_address, salt, commitment)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`;

export function createRecorder({ subjects, sha256, clock, random }: RecorderOptions): Record {
  const pooled = pooledRandom(random);
  const newId = uuidV7Generator(clock, pooled);
  return async (tx, event) => {
    const now = clock.now();
    const { type, retention, body, subject, personal, address } = prepare(event, now);
    const id = newId();
    const key = subject === null ? null : await subjects.forWriting(tx, subject);
    const sealed = key === null || personal === null ? null : sealPersonal(key, personal, id, pooled);
    const salt = pooled.bytes(SALT_BYTES);
    const commitment = commitmentOf(sha256, { salt, body, personal: sealed });
    await tx.query(
      INSERT,
      [
        id,
        new Date(now).toISOString(),
        type,
        retention,
        body,
        subject,
        sealed,
        key === null ? null : address,
        salt,
        commitment,
      ],
      { name: "audit-record" },
    );
    return id;
  };
}
