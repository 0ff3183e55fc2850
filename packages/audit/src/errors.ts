import { CodedError } from "@rempart/kernel";

/**
 * - `already-sequenced`: another process holds the log's one sequencer.
 * - `log-rolled-back`: the database knows fewer entries than were published: it was restored from an older copy.
 * - `log-diverged`: what was published does not follow from what the database says.
 * - `missing-tile`: a tile that a published head needs is not in the object store.
 */
export type AuditErrorCode = "already-sequenced" | "log-rolled-back" | "log-diverged" | "missing-tile";

export class AuditError extends CodedError<AuditErrorCode> {}
