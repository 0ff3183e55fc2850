import { KeysError } from "../../errors.ts";
import type { Queryable } from "../ports.ts";

/*
 * The role that owns the application's tables is its group: rotation never touches what it owns or may do. A login is a member of
 * the group, with a password of its own, whose sessions act as the group from their first statement. The group may have been
 * a login itself once; then the first rotation ends that.
 */

export interface Login {
  readonly name: string;
  /** Unix milliseconds; null for the group's own login, which was there before the first rotation. */
  readonly createdAt: number | null;
  readonly canLogin: boolean;
}

/** What marks a role as a login of ours, so that no other role is ever dropped. */
const MARK = /^rempart login of (?<group>\S+) since (?<since>\S+)$/;
const SUFFIX = /_r(\d{1,6})$/;
const NAME = /^[a-z_][a-z0-9_]{0,49}$/;

/** The group a login acts as; the role itself when no rotation made it. Throws `rotation-refused` for a name we do not write into SQL. */
export async function groupOf(admin: Queryable, login: string): Promise<string> {
  const [role] = await admin.query<{ comment: string | null }>(
    "SELECT shobj_description(oid, 'pg_authid') AS comment FROM pg_roles WHERE rolname = $1",
    [login],
  );
  if (role === undefined) throw new KeysError("rotation-refused", `there is no database role ${login}`);
  const group = MARK.exec(role.comment ?? "")?.groups?.group ?? login;
  if (!NAME.test(group))
    throw new KeysError(
      "rotation-refused",
      `the role ${group} must be named in lower case letters, digits and _`,
    );
  return group;
}

/** The logins of a group, oldest first. */
export async function loginsOf(admin: Queryable, group: string): Promise<Login[]> {
  const roles = await admin.query<{ name: string; comment: string | null; can_login: boolean }>(
    `SELECT r.rolname::text AS name, shobj_description(r.oid, 'pg_authid') AS comment, r.rolcanlogin AS can_login
       FROM pg_roles r
      WHERE r.rolname = $1
         OR EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                     WHERE m.member = r.oid AND g.rolname = $1)`,
    [group],
  );
  return roles
    .flatMap(({ name, comment, can_login: canLogin }): Login[] => {
      if (name === group) return [{ name, createdAt: null, canLogin }];
      const mark = MARK.exec(comment ?? "")?.groups;
      const createdAt = Date.parse(mark?.since ?? "");
      return mark?.group === group && SUFFIX.test(name) && !Number.isNaN(createdAt)
        ? [{ name, createdAt, canLogin }]
        : [];
    })
    .sort((a, b) => numberOf(a.name) - numberOf(b.name));
}

/** The login after `current`. A rotation that was cut short finds the same name again. */
export function nextLogin(group: string, current: string): string {
  return `${group}_r${(current === group ? 0 : numberOf(current)) + 1}`;
}

/** 0 for a group's own login. */
export function numberOf(login: string): number {
  return Number(SUFFIX.exec(login)?.[1] ?? 0);
}

/**
 * Makes the login, or gives it this password when a rotation was cut short after making it. Its time is that of the password.
 * Refuses to take over a role that is no login of ours.
 */
export async function putLogin(
  admin: Queryable,
  { group, login, verifier, now }: { group: string; login: string; verifier: string; now: number },
): Promise<void> {
  await admin.query("BEGIN");
  try {
    const isOurs = (await loginsOf(admin, group)).some(({ name }) => name === login);
    if (!isOurs) await createLogin(admin, group, login);
    const mark = `rempart login of ${group} since ${new Date(now).toISOString()}`;
    await admin.query(`COMMENT ON ROLE ${quoted(login)} IS '${mark}'`);
    await copySettings(admin, group, login);
    await admin.query(`ALTER ROLE ${quoted(login)} SET role TO ${quoted(group)}`);
    await admin.query(`ALTER ROLE ${quoted(login)} LOGIN PASSWORD '${verifier}'`);
    await admin.query("COMMIT");
  } catch (error) {
    await admin.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

async function createLogin(admin: Queryable, group: string, login: string): Promise<void> {
  const taken = await admin.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [login]);
  if (taken.length > 0)
    throw new KeysError("rotation-refused", `there is a role ${login} that no rotation made: rename it`);
  await admin.query(`CREATE ROLE ${quoted(login)} IN ROLE ${quoted(group)}`);
}

/** What `ALTER ROLE … SET` says of the group holds for sessions of its own login only. Also the limit of connections. */
async function copySettings(admin: Queryable, group: string, login: string): Promise<void> {
  const settings = await admin.query<{ name: string; value: string; database: string | null }>(
    `SELECT split_part(setting, '=', 1) AS name, substr(setting, strpos(setting, '=') + 1) AS value, d.datname::text AS database
       FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
            LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS setting
      WHERE r.rolname = $1`,
    [group],
  );
  for (const { name, value, database } of settings) {
    const within = database === null ? "" : `IN DATABASE ${quoted(database)} `;
    await admin.query(
      `ALTER ROLE ${quoted(login)} ${within}SET ${settingName(name)} TO ${settingValue(name, value)}`,
    );
  }
  const [limit] = await admin.query<{ max: number }>(
    "SELECT rolconnlimit AS max FROM pg_roles WHERE rolname = $1",
    [group],
  );
  await admin.query(`ALTER ROLE ${quoted(login)} CONNECTION LIMIT ${Number(limit?.max ?? -1)}`);
}

/** Sessions that signed in with a login, in every database of the server. */
export async function sessionsOf(admin: Queryable, login: string): Promise<number> {
  const [row] = await admin.query<{ count: number }>(
    "SELECT count(*) AS count FROM pg_stat_activity WHERE usename = $1 AND pid <> pg_backend_pid()",
    [login],
  );
  return Number(row?.count ?? 0);
}

/** Nobody signs in with it any more; sessions that have live on. */
export async function endLogin(admin: Queryable, login: string): Promise<void> {
  await admin.query(`ALTER ROLE ${quoted(login)} NOLOGIN PASSWORD NULL`);
}

/** A login owns nothing, since its sessions act as the group; should it, dropping it fails and nothing is lost. */
export async function dropLogin(admin: Queryable, login: string): Promise<void> {
  await admin.query(`DROP ROLE IF EXISTS ${quoted(login)}`);
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** The names of settings that are lists of names: quoting one as a whole would make it a single name. */
const LISTS: ReadonlySet<string> = new Set(["search_path", "temp_tablespaces"]);

function settingValue(name: string, value: string): string {
  return LISTS.has(name) ? value : literal(value);
}

function settingName(name: string): string {
  return name.split(".").map(quoted).join(".");
}
