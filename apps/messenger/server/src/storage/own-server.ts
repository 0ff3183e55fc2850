import { readFile } from "node:fs/promises";
import { BackupError } from "@rempart/database/backup";
import { Secret } from "@rempart/runtime";
import type { MessengerConfig } from "../config.ts";

/** The address of a database that is not the embedded one. */
export async function ownServer(database: MessengerConfig["database"]): Promise<Secret> {
  if (database.kind === "url") return database.url;
  if (database.kind === "file") return new Secret((await readFile(database.path, "utf8")).trim());
  throw new BackupError(
    "target-unsupported",
    "this is for a server of your own: name its database in DATABASE_URL, or make a data directory with --to",
  );
}
