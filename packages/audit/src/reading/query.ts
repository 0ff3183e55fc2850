import type { Queryable } from "@rempart/database";
import { isUuid } from "@rempart/kernel";
import type { EventType, Severity } from "../events/table.ts";
import { type AuditRecord, RECORD_COLUMNS, type RecordRow, toRecord } from "./record.ts";

/** Which entries. What is absent does not narrow. */
export interface AuditQuery {
  readonly types?: readonly EventType[];
  readonly severities?: readonly Severity[];
  readonly userId?: string;
  readonly tenantId?: string;
  readonly resourceType?: string;
  readonly resourceId?: string;
  /** An address or a network in CIDR notation. */
  readonly address?: string;
  readonly requestId?: string;
  /** Unix milliseconds, `from` inclusive and `to` exclusive. */
  readonly from?: number;
  readonly to?: number;
  /** Words that the body holds, all of them, in any order; no index helps: give a time range too. */
  readonly text?: string;
}

export interface PageOptions {
  /** `next` of the page before. */
  readonly after?: string;
  /** 100 unless told, 1,000 at the most. */
  readonly limit?: number;
  /** The newest first unless told. */
  readonly oldestFirst?: boolean;
}

export interface AuditPage {
  readonly records: readonly AuditRecord[];
  /** Null: this was the last page. */
  readonly next: string | null;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const MAX_TEXT = 500;

/** One page. Entries that come in between neither repeat nor push out any. Throws `TypeError` for a cursor that is none. */
export async function queryAudit(
  db: Queryable,
  query: AuditQuery,
  page: PageOptions = {},
): Promise<AuditPage> {
  const limit = Math.max(1, Math.min(page.limit ?? DEFAULT_LIMIT, MAX_LIMIT));
  const { conditions, values } = conditionsOf(query);
  if (page.after !== undefined) addCursor(page.after, page.oldestFirst ?? false, { conditions, values });
  const direction = page.oldestFirst ? "ASC" : "DESC";
  values.push(limit + 1);
  const rows = await db.query<RecordRow>(
    `SELECT ${RECORD_COLUMNS}
     FROM audit_entries e
     LEFT JOIN audit_event_kinds k ON k.event_type = e.event_type
     LEFT JOIN audit_leaves l ON l.entry_id = e.id
     ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`}
     ORDER BY e.id ${direction} LIMIT $${values.length}`,
    values,
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? last.id : null;
  return { records: shown.map(toRecord), next };
}

interface Conditions {
  readonly conditions: string[];
  readonly values: unknown[];
}

function conditionsOf(query: AuditQuery): Conditions {
  const found: Conditions = { conditions: [], values: [] };
  const add = (value: unknown, condition: (parameter: string) => string): void => {
    if (value === undefined) return;
    found.values.push(value);
    found.conditions.push(condition(`$${found.values.length}`));
  };
  add(query.types, (at) => `e.event_type = ANY(${at})`);
  add(query.severities, (at) => `k.severity = ANY(${at})`);
  add(query.userId, (at) => `e.body -> 'actor' ->> 'userId' = ${at}`);
  add(query.tenantId, (at) => `e.body -> 'actor' ->> 'tenantId' = ${at}`);
  add(query.resourceType, (at) => `e.body -> 'resource' ->> 'type' = ${at}`);
  add(query.resourceId, (at) => `e.body -> 'resource' ->> 'id' = ${at}`);
  add(query.requestId, (at) => `e.body -> 'request' ->> 'id' = ${at}`);
  add(query.address, (at) => `e.ip_address <<= ${at}::inet`);
  add(dateOf(query.from), (at) => `e.created_at >= ${at}`);
  add(dateOf(query.to), (at) => `e.created_at < ${at}`);
  add(
    query.text?.slice(0, MAX_TEXT),
    (at) => `jsonb_to_tsvector('simple', e.body, '["string"]') @@ plainto_tsquery('simple', ${at})`,
  );
  return found;
}

function dateOf(milliseconds: number | undefined): Date | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds);
}

/** An id begins with its time (RFC 9562, section 5.7), so the key's own index gives pages in order. */
function addCursor(cursor: string, oldestFirst: boolean, { conditions, values }: Conditions): void {
  if (!isUuid(cursor)) throw new TypeError("not a cursor");
  values.push(cursor);
  conditions.push(`e.id ${oldestFirst ? ">" : "<"} $${values.length}::uuid`);
}
