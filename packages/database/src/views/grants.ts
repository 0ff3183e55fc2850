import type { Queryable } from "../pool/ports.ts";
import { quoted } from "../sql-names.ts";

/** One privilege that another role than the owner has. */
export interface Grant {
  readonly view: string;
  /** Null: of the whole view. */
  readonly column: string | null;
  readonly privilege: string;
  /** Quoted where it must be; `PUBLIC` for everybody. */
  readonly grantee: string;
  readonly grantable: boolean;
}

export function grantsOn(tx: Queryable, views: readonly string[]): Promise<Grant[]> {
  return tx.query<Grant>(
    `SELECT v.name AS view, p.column_name AS column, p.privilege, p.grantable,
            CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE p.grantee::regrole::text END AS grantee
     FROM unnest($1::text[]) v(name)
     JOIN pg_class c ON c.oid = to_regclass(quote_ident(v.name))
     CROSS JOIN LATERAL (
       SELECT NULL::name, a.privilege_type, a.grantee, a.is_grantable FROM aclexplode(c.relacl) a
       UNION ALL
       SELECT t.attname, a.privilege_type, a.grantee, a.is_grantable
       FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = c.oid AND NOT t.attisdropped
     ) p (column_name, privilege, grantee, grantable)
     WHERE p.grantee <> c.relowner`,
    [views],
  );
}

/** Grants on these views, made anew, are those they had before and no others; but for columns that are gone. */
export async function restoreGrants(
  tx: Queryable,
  views: readonly string[],
  held: readonly Grant[],
): Promise<void> {
  // What a view is given as it is made, by ALTER DEFAULT PRIVILEGES, may have been taken from the one before.
  for (const { view, grantee } of await grantsOn(tx, views))
    await tx.query(`REVOKE ALL ON ${quoted(view)} FROM ${grantee}`);
  for (const grant of held) if (await hasColumn(tx, grant)) await tx.query(statementOf(grant));
}

function statementOf({ view, column, privilege, grantee, grantable }: Grant): string {
  const of = column === null ? "" : ` (${quoted(column)})`;
  return `GRANT ${privilege}${of} ON ${quoted(view)} TO ${grantee}${grantable ? " WITH GRANT OPTION" : ""}`;
}

async function hasColumn(tx: Queryable, { view, column }: Grant): Promise<boolean> {
  if (column === null) return true;
  const found = await tx.query(
    "SELECT FROM pg_attribute WHERE attrelid = to_regclass(quote_ident($1)) AND attname = $2 AND NOT attisdropped",
    [view, column],
  );
  return found.length > 0;
}
