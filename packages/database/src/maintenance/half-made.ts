import type { Queryable } from "../pool/ports.ts";

/** Dropping waits until whoever uses the table has ended their transaction, but holds up no reader and no writer. */
const PATIENCE = "60s";

/**
 * Drops what a failed build beside writers left: a new `index` that is not valid, or the copies that REINDEX CONCURRENTLY made of
 * an old one. Waits a minute for transactions that still know them, then throws `timeout`.
 */
export async function dropHalfMade(
  session: Queryable,
  index: string,
  made: "index" | "copies",
): Promise<void> {
  const left = await session.query<{ name: string; patience: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, current_setting('lock_timeout') AS patience
     FROM pg_class x JOIN pg_index xi ON xi.indexrelid = x.oid JOIN pg_index i ON i.indrelid = xi.indrelid
     JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE x.oid = to_regclass($1) AND NOT i.indisvalid AND ${made === "index" ? "c.oid = x.oid" : COPY}`,
    [index],
  );
  for (const { name, patience } of left) {
    await session.query(`SET lock_timeout = '${PATIENCE}'`);
    await session.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    await session.query("SELECT set_config('lock_timeout', $1, false)", [patience]);
  }
}

/** A long name is cut to make room for the ending. */
const COPY = "c.relname ~ '_cc(new|old)[0-9]*$' AND starts_with(c.relname, left(x.relname, 20))";
