import { access } from "node:fs/promises";
import { join } from "node:path";
import { createDatabase, type Database, isDatabaseError, startEmbeddedPostgres } from "@rempart/database";
import { BackupError, heldBack, type Repository, shipErasures } from "@rempart/database/backup";
import type { Keyring } from "@rempart/keys";
import type { Logger } from "@rempart/runtime";

interface ReplacedPorts {
  readonly repository: Repository;
  readonly sealing: Keyring;
  readonly log: Logger;
}

/**
 * Erasures that stand nowhere but in the data that a restore is about to replace: without this, whom they are about would be
 * back. Throws `erasures-lost` when they cannot be had or brought to the repository; a server that runs is left to the restore, which refuses.
 */
export async function shipReplacedErasures(home: string, ports: ReplacedPorts): Promise<void> {
  const isThere = await access(join(home, "data", "PG_VERSION")).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  try {
    await onReplaced(home, ports.log, (database) => shipErasures(database, ports));
  } catch (cause) {
    if (isDatabaseError(cause, "already-running")) return;
    throw new BackupError(
      "erasures-lost",
      "whom only the present data know to be erased would be back: their record did not reach the repository",
      { cause },
    );
  }
}

/** What is replaced runs for a moment, reached by nobody else. */
async function onReplaced(
  home: string,
  log: Logger,
  work: (database: Database) => Promise<unknown>,
): Promise<void> {
  const server = await startEmbeddedPostgres({ directory: home, log, settings: heldBack });
  const database = createDatabase({ url: server.url, poolSize: 1, applicationName: "rempart-backup" });
  try {
    const [row] = await database.query<{ kept: boolean }>(
      "SELECT to_regclass('erasures') IS NOT NULL AS kept",
    );
    if (row?.kept === true) await work(database);
  } finally {
    await database.close();
    await server.stop();
  }
}
