import { CodedError } from "@rempart/kernel";

/**
 * - `already-sequenced`: another process holds the log's one sequencer.
 * - `log-rolled-back`: the database knows fewer entries than were published: it was restored from an older copy.
 * - `log-diverged`: what was published does not follow from what the database says.
 * - `overtaken`: another process has shown a head meanwhile; this one changed nothing, and its next round reads it.
 * - `missing-tile`: a file that a published head needs is not in the object store, or not whole.
 * - `not-broken`: a log that can go on as it is need not be continued under another name.
 */
export type AuditErrorCode =
  | "already-sequenced"
  | "log-rolled-back"
  | "log-diverged"
  | "overtaken"
  | "missing-tile"
  | "not-broken";

export class AuditError extends CodedError<AuditErrorCode> {}
