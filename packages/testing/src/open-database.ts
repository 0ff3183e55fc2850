import { createDatabase, type Database } from "@rempart/database";

/** A pool of its own for a process that a test starts, of a package that knows databases by their face alone. */
export function openDatabase(url: string): Database {
  return createDatabase({ url, poolSize: 2 });
}
