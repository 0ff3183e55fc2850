import { type Audit, createAudit } from "@rempart/audit";
import { type Database, migrate, type Queryable, type Transaction } from "@rempart/database";
import {
  type DrillCheck,
  type Erasure,
  type ErasureKind,
  findErased,
  type Repository,
  replayErasures,
} from "@rempart/database/backup";
import type { Keyring } from "@rempart/keys";
import { messengerMigrations } from "../migrations.ts";

export interface ErasurePorts {
  readonly repository: Repository;
  readonly keyring: Keyring;
}

/** As `0008-erasures.sql` records them. */
function erasureKinds(audit: Audit): Readonly<Record<string, ErasureKind>> {
  return {
    "account.closed": {
      takenBackBy: "account.reopened",
      erase: (tx, { subject, at }) =>
        changes(
          tx,
          "UPDATE users SET status = 'DELETED', deleted_at = $2 WHERE id = $1 AND status <> 'DELETED' RETURNING id",
          [subject, new Date(at)],
        ),
      remaining: (database, subjects) =>
        subjectsIn(
          database,
          "SELECT id AS subject FROM users WHERE id = ANY($1::uuid[]) AND status <> 'DELETED'",
          subjects,
        ),
    },
    // What refers to an account goes with it, as when it was first erased, and so does the key of its audit subject.
    "account.erased": {
      erase: (tx, { subject }) => changes(tx, "DELETE FROM users WHERE id = $1 RETURNING id", [subject]),
      remaining: (database, subjects) =>
        subjectsIn(
          database,
          `SELECT id::text AS subject FROM users WHERE id::text = ANY($1)
           UNION SELECT subject FROM audit_subjects WHERE subject = ANY($1) AND sealed_key IS NOT NULL`,
          subjects,
        ),
    },
    "audit-subject.erased": {
      erase: (tx, { subject }) => audit.erase(tx, subject),
      remaining: (database, subjects) =>
        subjectsIn(
          database,
          "SELECT subject FROM audit_subjects WHERE subject = ANY($1) AND sealed_key IS NOT NULL",
          subjects,
        ),
    },
  };
}

async function changes(tx: Transaction, statement: string, values: readonly unknown[]): Promise<boolean> {
  return (await tx.query(statement, values)).length > 0;
}

async function subjectsIn(
  database: Queryable,
  question: string,
  subjects: readonly string[],
): Promise<string[]> {
  const rows = await database.query<{ subject: string }>(question, [subjects]);
  return rows.map(({ subject }) => subject);
}

/**
 * Erases again who was erased after the moment that was restored, and says so in the audit log. Throws `erasures-lost` when the
 * ledger is not whole; `acceptLoss` records that instead.
 */
export async function eraseAgain(
  database: Database,
  { repository, keyring }: ErasurePorts,
  acceptLoss = false,
): Promise<void> {
  const audit = createAudit({ database, envelopes: keyring });
  const onLoss = (loss: readonly string[]): Promise<void> => recordLostErasures(database, keyring, loss);
  await replayErasures(
    database,
    { repository, sealing: keyring },
    {
      kinds: erasureKinds(audit),
      record: (tx, erasure) => recordErasure(audit, tx, erasure),
      ...(acceptLoss ? { onLoss } : {}),
    },
  );
}

async function recordErasure(audit: Audit, tx: Transaction, { kind, subject, at }: Erasure): Promise<void> {
  const metadata = { kind, erasedAt: new Date(at).toISOString(), cause: "restored from a backup" };
  await audit.record(tx, {
    type: "data.erased",
    resource: { type: "erasure", id: subject, metadata },
    allow: Object.keys(metadata),
  });
}

const LISTED = 20;

/** What was accepted to be lost of the record of who was erased, in words. */
export async function recordLostErasures(
  database: Database,
  keyring: Keyring,
  loss: readonly string[],
): Promise<void> {
  const metadata = { lost: loss.length, detail: loss.slice(0, LISTED) };
  await database.transaction((tx) =>
    createAudit({ database, envelopes: keyring }).record(tx, {
      type: "data.erasures.lost",
      resource: { type: "erasures", id: "ledger", metadata },
      allow: Object.keys(metadata),
    }),
  );
}

/** What a restore would do to the people of the ledger, done to the restored copy: afterwards nothing of them is in it. */
export function erasureCheck(ports: ErasurePorts): DrillCheck {
  return {
    name: "erased people stay erased",
    async run(database) {
      // A copy from before an update lacks what erases in this version.
      await migrate(database, messengerMigrations);
      await eraseAgain(database, ports);
      const kinds = erasureKinds(createAudit({ database, envelopes: ports.keyring }));
      return findErased(database, { repository: ports.repository, sealing: ports.keyring }, kinds);
    },
  };
}
