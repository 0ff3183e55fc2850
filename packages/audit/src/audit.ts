import type { Database, Transaction } from "@rempart/database";
import { type Clock, type Random, systemClock, systemRandom } from "@rempart/kernel";
import type { Envelopes } from "@rempart/keys";
import { EVENTS } from "./events/table.ts";
import { createRecorder, type Recorder } from "./log/record.ts";
import { nodePrimitives } from "./node-primitives.ts";
import { type ExportFormat, exportAudit } from "./reading/export.ts";
import { type AuditPage, type AuditQuery, type PageOptions, queryAudit } from "./reading/query.ts";
import { type Pruned, prune } from "./retention/prune.ts";
import { eraseSubject } from "./subjects/erase.ts";
import { addressReader, SubjectKeys } from "./subjects/subjects.ts";

export interface AuditOptions {
  readonly database: Database;
  /** Keeps the keys that personal data is under. */
  readonly envelopes: Envelopes;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What a service does with its log. Placing and publishing are the sequencer's. */
export interface Audit {
  /** Records an event in the transaction of its act: both happen, or neither. Resolves with the entry's id. */
  readonly record: Recorder["record"];
  /** Records several at once: all, or none. */
  readonly recordAll: Recorder["recordAll"];
  query(query: AuditQuery, page?: PageOptions): Promise<AuditPage>;
  /** Lines of text, the oldest entry first. That it was exported is for the caller to record. */
  export(query: AuditQuery, format: ExportFormat): AsyncGenerator<string>;
  /** Makes what the log holds of a person unreadable for good. False: it held nothing. */
  erase(tx: Transaction, subject: string, actor?: { readonly userId: string }): Promise<boolean>;
  /** Removes the bodies of entries that have outlived their class. */
  prune(): Promise<Pruned[]>;
  /** For verification: the address inside an entry's encrypted part, which vouches for the one in clear. */
  readonly addressOf: ReturnType<typeof addressReader>;
  /** Tells the database what kinds of event there are. Once, at start. */
  announceKinds(): Promise<void>;
}

export function createAudit(options: AuditOptions): Audit {
  const { database, envelopes, clock = systemClock, random = systemRandom } = options;
  const subjects = new SubjectKeys({ envelopes, clock, random });
  const { sha256 } = nodePrimitives;
  const { record, recordAll } = createRecorder({ database, subjects, sha256, clock, random });
  return {
    record,
    recordAll,
    query: (query, page) => queryAudit(database, query, page),
    export: (query, format) => exportAudit(database, query, format),
    erase: (tx, subject, actor) => eraseSubject(tx, { subjects, clock }, subject, actor),
    prune: () => prune(database, { clock, record }),
    addressOf: addressReader(database, subjects),
    announceKinds: () => announceKinds(database),
  };
}

async function announceKinds(database: Database): Promise<void> {
  const kinds = Object.entries(EVENTS);
  await database.query(
    `INSERT INTO audit_event_kinds (event_type, label, severity)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
     ON CONFLICT (event_type) DO UPDATE SET label = excluded.label, severity = excluded.severity`,
    [
      kinds.map(([type]) => type),
      kinds.map(([, { label }]) => label),
      kinds.map(([, { severity }]) => severity),
    ],
  );
}
