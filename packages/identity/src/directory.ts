import type { Queryable } from "@rempart/database";
import { isUuid, type Uuid } from "@rempart/kernel";
import { ACCOUNT_COLUMNS, type AccountRow, toAccount } from "./account-row.ts";
import { type Context, instant } from "./context.ts";
import { normaliseEmail } from "./email.ts";
import { IdentityError } from "./errors.ts";
import { normaliseName, searchForm } from "./names.ts";
import type { Account, Person } from "./types.ts";

export interface FindUsers {
  /** The start of a name, without regard to case and accents, or one whole e-mail address. */
  readonly q: string;
  /** Left out of the answer: oneself. */
  readonly excluding?: Uuid;
  /** At most this many, 20 unless told, 100 at the most. */
  readonly limit?: number;
}

const MAX_QUERY = 254;
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** `SUSPENDED` that is over counts as active before the next sign-in or maintenance says so. */
const ACTIVE = "(u.status = 'ACTIVE' OR (u.status = 'SUSPENDED' AND u.suspended_until <= $1))";

/** Active people only. Somebody's address is in the answer only when it was the question. */
export async function findUsers(context: Context, { q, excluding, limit }: FindUsers): Promise<Person[]> {
  if (q.length > MAX_QUERY) return [];
  const now = instant(context.clock.now());
  const except = excluding !== undefined && isUuid(excluding) ? excluding : null;
  const email = normaliseEmail(q);
  if (email !== null) {
    return context.database.query<Person>(
      `SELECT u.id, u.name, u.email FROM users u
       WHERE u.email = $2 AND ${ACTIVE} AND ($3::uuid IS NULL OR u.id <> $3)`,
      [now, email, except],
    );
  }
  const start = searchForm(q);
  if (start === "") return [];
  // `^@` is "starts with": it knows no wildcards to escape. The index serves it and the order, so a short start is cheap too.
  return context.database.query<Person>(
    `SELECT u.id, u.name FROM directory_entries d JOIN users u ON u.id = d.user_id
     WHERE d.search_name ^@ $2 AND ${ACTIVE} AND ($3::uuid IS NULL OR u.id <> $3)
     ORDER BY d.search_name, d.user_id LIMIT $4`,
    [now, start, except, Math.max(1, Math.min(limit ?? DEFAULT_LIMIT, MAX_LIMIT))],
  );
}

export interface GetUsersOptions {
  /** Leave out suspended, banned and deleted accounts. */
  readonly onlyActive?: boolean;
}

/** The people with these ids, in no order; unknown ids are left out. */
export async function getUsers(
  context: Context,
  ids: readonly Uuid[],
  { onlyActive = false }: GetUsersOptions = {},
): Promise<Person[]> {
  const known = ids.filter(isUuid);
  if (known.length === 0) return [];
  return context.database.query<Person>(
    `SELECT u.id, u.name FROM users u WHERE u.id = ANY($2::uuid[]) AND (NOT $3 OR ${ACTIVE})`,
    [instant(context.clock.now()), known, onlyActive],
  );
}

/** Throws `validation-failed` for a name that cannot be shown, `unknown-user`. */
export async function updateName(context: Context, userId: Uuid, input: string): Promise<Account> {
  const name = normaliseName(input);
  if (name === null) {
    throw new IdentityError("validation-failed", "This name cannot be shown", { details: { field: "name" } });
  }
  return context.database.transaction(async (tx) => {
    const account = await writeName(tx, userId, name);
    await context.observe({ type: "account.renamed", userId }, tx);
    return account;
  });
}

async function writeName(tx: Queryable, userId: Uuid, name: string): Promise<Account> {
  const [row] = await tx.query<AccountRow>(
    `UPDATE users u SET name = $2 WHERE u.id = $1 RETURNING ${ACCOUNT_COLUMNS}`,
    [userId, name],
  );
  if (row === undefined) throw new IdentityError("unknown-user", "Unknown user");
  await tx.query("UPDATE directory_entries SET search_name = $2 WHERE user_id = $1", [
    userId,
    searchForm(name),
  ]);
  return toAccount(row);
}
