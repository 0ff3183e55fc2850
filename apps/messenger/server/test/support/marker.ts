import assert from "node:assert/strict";
import type { Queryable } from "@rempart/database";

/** Looks for texts in every column of every table, as text and in the encodings that bytes are shown in. */
export async function assertNowhere(database: Queryable, texts: readonly string[]): Promise<void> {
  const tables = await database.query<{ name: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
  );
  assert.ok(tables.length > 10, "the tables were found");
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    for (const { row } of rows) {
      for (const form of texts.flatMap(formsOf)) assert.ok(!row.includes(form), `${form} stands in ${name}`);
    }
  }
}

/** Bytes within a longer value begin at any of three offsets of base64: the middle of each form is looked for. */
function formsOf(text: string): string[] {
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.from(" ".repeat(shift) + text)
      .toString("base64url")
      .slice(4, -4),
  );
  return [text, Buffer.from(text).toString("hex"), ...shifted];
}
