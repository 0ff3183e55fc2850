import pg from "pg";
import { DatabaseError } from "../errors.ts";

/** Type OIDs whose text form we read differently from `pg` (fixed in PostgreSQL's `pg_type.dat`). */
const INT8 = 20;
const INT8_ARRAY = 1016;

/**
 * How columns become values: `int8` as a number, refused beyond 2^53 - 1 rather than rounded; everything else as `pg` does
 * (`timestamptz` as Date, `bytea` as Buffer, `uuid` and `numeric` as text, `jsonb` parsed).
 */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") => {
    if (oid === INT8 && format !== "binary") return parseInt8;
    if (oid === INT8_ARRAY && format !== "binary") return parseInt8Array;
    return pg.types.getTypeParser(oid, format as "text");
  }) as pg.CustomTypesConfig["getTypeParser"],
};

export function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new DatabaseError(
      "unsafe-integer",
      "A bigint of the database does not fit a JavaScript number; select it as text",
    );
  }
  return value;
}

function parseInt8Array(text: string): unknown {
  const items: unknown = pg.types.getTypeParser(TEXT_ARRAY, "text")(text);
  return mapItems(items);
}

const TEXT_ARRAY = 1009 as number as Parameters<typeof pg.types.getTypeParser>[0];

/** Arrays of PostgreSQL may nest and hold nulls. */
function mapItems(items: unknown): unknown {
  if (Array.isArray(items)) return items.map(mapItems);
  return typeof items === "string" ? parseInt8(items) : items;
}
