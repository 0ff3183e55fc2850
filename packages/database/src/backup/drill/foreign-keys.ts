import type { Database, Queryable } from "../../pool/ports.ts";
import { qualified, quoted } from "../../sql-names.ts";

interface ForeignKey {
  readonly name: string;
  readonly schema: string;
  readonly child: string;
  readonly parentSchema: string;
  readonly parent: string;
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
}

/** What the server checks when a row is written, looked at anew in rows that came from elsewhere. */
export function checkForeignKeys(database: Database): Promise<readonly string[]> {
  return database.session(async (session) => {
    const findings: string[] = [];
    for (const key of await readForeignKeys(session)) {
      const [row] = await session.query<{ n: number }>(danglingRows(key));
      if (row !== undefined && row.n > 0)
        findings.push(`${key.child}: ${row.n} rows of ${key.name} refer to nothing`);
    }
    return findings;
  });
}

function readForeignKeys(session: Queryable): Promise<ForeignKey[]> {
  return session.query(
    `SELECT c.conname AS name, cn.nspname AS schema, ct.relname AS child, pn.nspname AS "parentSchema",
       pt.relname AS parent, ${columnNames("conrelid", "conkey")} AS columns,
       ${columnNames("confrelid", "confkey")} AS referenced
     FROM pg_constraint c
     JOIN pg_class ct ON ct.oid = c.conrelid JOIN pg_namespace cn ON cn.oid = ct.relnamespace
     JOIN pg_class pt ON pt.oid = c.confrelid JOIN pg_namespace pn ON pn.oid = pt.relnamespace
     WHERE c.contype = 'f' AND c.convalidated AND ct.relpersistence = 'p' AND pt.relpersistence = 'p'`,
  );
}

function columnNames(table: string, numbers: string): string {
  return `ARRAY(SELECT a.attname::text FROM unnest(c.${numbers}) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute a ON a.attrelid = c.${table} AND a.attnum = k.number ORDER BY k.place)`;
}

/** A null among the columns refers to nothing, as it may. */
function danglingRows({ schema, child, parentSchema, parent, columns, referenced }: ForeignKey): string {
  const given = columns.map((column) => `c.${quoted(column)} IS NOT NULL`);
  const equal = columns.map((column, at) => `p.${quoted(referenced[at] as string)} = c.${quoted(column)}`);
  return `SELECT count(*) AS n FROM ${qualified({ schema, name: child })} c
    WHERE ${given.join(" AND ")}
      AND NOT EXISTS (SELECT FROM ${qualified({ schema: parentSchema, name: parent })} p WHERE ${equal.join(" AND ")})`;
}
