import type { Json } from "../entry/canonical.ts";
import type { Severity } from "../events/table.ts";

/** An entry as it is shown. What is personal of it is not in here, but for the address while it is kept. */
export interface AuditRecord {
  readonly id: string;
  /** Place in the log; null until the sequencer has come by. */
  readonly index: number | null;
  readonly type: string;
  readonly label: string;
  readonly severity: Severity | null;
  /** Unix milliseconds. */
  readonly time: number;
  readonly address: string | null;
  readonly subject: string | null;
  readonly body: Json;
}

export interface RecordRow {
  leaf_index: number | null;
  id: string;
  event_type: string;
  label: string;
  severity: Severity | null;
  created_at: Date;
  ip_address: string | null;
  subject: string | null;
  body: Json;
}

/** Of `audit_entries` as e, `audit_leaves` as l and `audit_event_kinds` as k. */
export const RECORD_COLUMNS = `l.leaf_index, e.id, e.event_type, coalesce(k.label, upper(e.event_type)) AS label,
  k.severity, e.created_at, host(e.ip_address) AS ip_address, e.subject, e.body`;

export function toRecord(row: RecordRow): AuditRecord {
  return {
    id: row.id,
    index: row.leaf_index,
    type: row.event_type,
    label: row.label,
    severity: row.severity,
    time: row.created_at.getTime(),
    address: row.ip_address,
    subject: row.subject,
    body: row.body,
  };
}
