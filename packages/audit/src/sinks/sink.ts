import type { AuditRecord } from "../reading/record.ts";

/** Somewhere else that the log is sent to. */
export interface Sink {
  /** Lower-case letters, digits and hyphens. The place it has reached is remembered under it. */
  readonly name: string;
  /**
   * Resolves when the receiver has taken all of them, and rejects otherwise: then the same are sent again, so a receiver may
   * see one twice. Gives up when `signal` is aborted.
   */
  write(records: readonly AuditRecord[], signal: AbortSignal): Promise<void>;
  close?(): Promise<void>;
}
