import { causes } from "@rempart/kernel";
import pg from "pg";

export interface Position {
  /** Both from 1. */
  line: number;
  column: number;
}

/** Where in `sql` the server saw the error, when it says so: it does for what it cannot parse or resolve. */
export function positionOf(sql: string, error: unknown): Position | undefined {
  const answer = causes(error).find((link) => link instanceof pg.DatabaseError);
  if (!(answer instanceof pg.DatabaseError) || answer.position === undefined) return undefined;
  return lineAndColumn(sql, Number(answer.position));
}

/** `position` counts characters (code points) from 1, as PostgreSQL's protocol does. */
function lineAndColumn(sql: string, position: number): Position {
  const lines = Array.from(sql)
    .slice(0, position - 1)
    .join("")
    .split("\n");
  return { line: lines.length, column: Array.from(lines.at(-1) ?? "").length + 1 };
}
