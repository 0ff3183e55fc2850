import { explain } from "@rempart/kernel";
import type { Database, Queryable } from "../../pool/ports.ts";
import { Skipped } from "./checks.ts";

/** Every B-tree of one database against its table: each row must be found through it (PostgreSQL, `amcheck`). */
export async function checkIndexes(database: Database): Promise<readonly string[]> {
  const [extension] = await database.query("SELECT FROM pg_available_extensions WHERE name = 'amcheck'");
  if (extension === undefined) throw new Skipped("amcheck is not installed with this server");
  return database.session(async (session) => {
    await session.query("CREATE EXTENSION IF NOT EXISTS amcheck");
    const findings: string[] = [];
    for (const { id, name } of await indexesOf(session)) {
      const finding = await checkIndex(session, id);
      if (finding !== null) findings.push(`${name}: ${finding}`);
    }
    return findings;
  });
}

function indexesOf(session: Queryable): Promise<{ id: string; name: string }[]> {
  return session.query(
    `SELECT i.indexrelid::text AS id, i.indexrelid::regclass::text AS name
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
     WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence = 'p' AND i.indisvalid AND i.indisready`,
  );
}

async function checkIndex(session: Queryable, id: string): Promise<string | null> {
  try {
    await session.query("SELECT bt_index_check($1::oid::regclass, true)", [id]);
    return null;
  } catch (error) {
    return explain(error);
  }
}
