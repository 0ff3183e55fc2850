import { describeEnvelope, type EnvelopeDescription } from "../envelope/describe.ts";
import type { RewrapSource } from "../rewrap/rewrap.ts";
import type { Queryable } from "./ports.ts";

/** A column of envelopes whose `Where` is its table, itself and the row's key as text. The names are SQL, of the programmer. */
export interface EnvelopeColumn {
  readonly table: string;
  readonly column: string;
  /** What identifies a row, unique and indexed; `id` unless told. */
  readonly key?: string;
  /** Type of `key`; `uuid` unless told. */
  readonly keyType?: "uuid" | "text";
}

const PAGE = 500;

interface StoredRow {
  readonly key: string;
  readonly envelope: string;
}

export function envelopeColumn(database: Queryable, place: EnvelopeColumn): RewrapSource {
  const { table, column, key = "id", keyType = "uuid" } = place;

  function page(after: string | undefined): Promise<StoredRow[]> {
    const behind = after === undefined ? "" : `AND ${key} > $1::${keyType}`;
    return database.query<StoredRow>(
      `SELECT (${key})::text AS key, ${column} AS envelope FROM ${table}
        WHERE ${column} IS NOT NULL ${behind} ORDER BY ${key} LIMIT ${PAGE}`,
      after === undefined ? [] : [after],
    );
  }

  return {
    name: `${table}.${column}`,
    async *rows(after, signal) {
      for (let rows = await page(after); rows.length > 0 && !signal.aborted; ) {
        for (const { key: row, envelope } of rows)
          yield { where: { table, column, row }, envelope, cursor: row };
        rows = await page(rows.at(-1)?.key);
      }
    },
    async replace({ row }, expected, replacement) {
      const written = await database.query(
        `UPDATE ${table} SET ${column} = $3 WHERE ${key} = $1::${keyType} AND ${column} = $2 RETURNING 1`,
        [row, expected, replacement],
      );
      return written.length > 0;
    },
  };
}

/** How many values of these columns satisfy `isMeant`. Reads them all. */
export async function countEnvelopes(
  sources: readonly RewrapSource[],
  isMeant: (envelope: EnvelopeDescription) => boolean,
): Promise<number> {
  const { signal } = new AbortController();
  let count = 0;
  for (const source of sources)
    for await (const { envelope } of source.rows(undefined, signal))
      if (isMeant(describeEnvelope(envelope))) count += 1;
  return count;
}
