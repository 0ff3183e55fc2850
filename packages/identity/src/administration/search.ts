import { isUuid, type Uuid } from "@rempart/kernel";
import { type AccountRow, MFA_ENABLED, toAccount } from "../account-row.ts";
import { type Context, instant } from "../context.ts";
import { normaliseEmail } from "../email.ts";
import { searchForm } from "../names.ts";
import type { Actor } from "../roles/actor.ts";
import type { Account, Role } from "../types.ts";
import { type AccountStatus, demandPermission } from "./authority.ts";

export interface UserSearch {
  /** An id, a whole e-mail address, or the start of a name. Absent: everybody. */
  readonly q?: string | undefined;
  readonly status?: AccountStatus | undefined;
  readonly role?: Role | undefined;
  /** Unix milliseconds; only accounts made at that time or later, and before that time. */
  readonly createdFrom?: number;
  readonly createdBefore?: number;
  /** Only accounts last active before that time, or never. */
  readonly inactiveSince?: number;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  /** At most this many, 50 unless told, 200 at the most. */
  readonly limit?: number | undefined;
}

/** An account as moderators see it. Times are Unix milliseconds. */
export interface UserSummary extends Account {
  readonly status: AccountStatus;
  readonly lastActiveAt: number | null;
  readonly suspendedUntil: number | null;
  readonly suspensionReason: string | null;
  readonly banReason: string | null;
}

export interface UserPage {
  /** The newest account first. */
  readonly users: readonly UserSummary[];
  /** Null: this was the last page. */
  readonly next: string | null;
}

interface SummaryRow extends AccountRow {
  status: AccountStatus;
  last_active_at: Date | null;
  suspended_until: Date | null;
  suspension_reason: string | null;
  ban_reason: string | null;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;
const MAX_QUERY = 254;

const COLUMNS = `u.id, u.email, u.name, u.role, u.created_at, u.email_verified_at, ${MFA_ENABLED} AS mfa_enabled,
  u.status, u.last_active_at, u.suspended_until, u.suspension_reason, u.ban_reason`;

/** Ids are in the order of creation, so the last id of a page is where the next one begins, whatever was added since. */
export async function searchUsers(context: Context, actor: Actor, search: UserSearch): Promise<UserPage> {
  demandPermission(context, actor, "users.search");
  const limit = Math.max(1, Math.min(search.limit ?? DEFAULT_LIMIT, MAX_LIMIT));
  const question = questionOf(search.q);
  if (question === null || (search.after !== undefined && !isUuid(search.after)))
    return { users: [], next: null };
  const rows = await context.database.query<SummaryRow>(
    `SELECT ${COLUMNS} FROM users u
     WHERE ($1::uuid IS NULL OR u.id = $1) AND ($2::text IS NULL OR u.email = $2)
       AND ($3::text IS NULL OR u.id IN (SELECT user_id FROM directory_entries WHERE search_name ^@ $3))
       AND ($4::text IS NULL OR u.status = $4) AND ($5::text IS NULL OR u.role = $5)
       AND ($6::timestamptz IS NULL OR u.created_at >= $6) AND ($7::timestamptz IS NULL OR u.created_at < $7)
       AND ($8::timestamptz IS NULL OR u.last_active_at IS NULL OR u.last_active_at < $8)
       AND ($9::uuid IS NULL OR u.id < $9)
     ORDER BY u.id DESC LIMIT $10`,
    [
      question.id,
      question.email,
      question.name,
      search.status ?? null,
      search.role ?? null,
      instantOrNull(search.createdFrom),
      instantOrNull(search.createdBefore),
      instantOrNull(search.inactiveSince),
      search.after ?? null,
      limit + 1,
    ],
  );
  const users = rows.slice(0, limit).map(toSummary);
  return { users, next: rows.length > limit ? (users.at(-1)?.id ?? null) : null };
}

interface Question {
  readonly id: Uuid | null;
  readonly email: string | null;
  readonly name: string | null;
}

/** Null: no account can match. */
function questionOf(q: string | undefined): Question | null {
  const none: Question = { id: null, email: null, name: null };
  if (q === undefined || q === "") return none;
  if (q.length > MAX_QUERY) return null;
  if (isUuid(q)) return { ...none, id: q };
  const email = normaliseEmail(q);
  if (email !== null) return { ...none, email };
  const name = searchForm(q);
  return name === "" ? null : { ...none, name };
}

function instantOrNull(milliseconds: number | undefined): Date | null {
  return milliseconds === undefined ? null : instant(milliseconds);
}

function toSummary(row: SummaryRow): UserSummary {
  return {
    ...toAccount(row),
    status: row.status,
    lastActiveAt: row.last_active_at?.getTime() ?? null,
    suspendedUntil: row.suspended_until?.getTime() ?? null,
    suspensionReason: row.suspension_reason,
    banReason: row.ban_reason,
  };
}
