import type { Database } from "@rempart/database";
import { type ErasureKeeper, erasureKeeper, type WaitingErasures } from "@rempart/database/backup";
import type { Keyring } from "@rempart/keys";
import type { Logger } from "@rempart/runtime";
import type { MessengerConfig } from "../config.ts";
import { openRepository } from "./repository.ts";

interface ErasureKeeperPorts {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly log: Logger;
  readonly observe?: (waiting: WaitingErasures) => void;
}

/** Brings erasures to where the backups are, whatever takes them; null where there are none to come back from. */
export function openErasureKeeper(
  { backup }: MessengerConfig,
  { database, keyring, log, observe }: ErasureKeeperPorts,
): ErasureKeeper | null {
  if (backup.repository === null) return null;
  const repository = openRepository(backup.repository);
  const observed = observe === undefined ? {} : { observe };
  return erasureKeeper({ database, repository, sealing: keyring, log, ...observed });
}
