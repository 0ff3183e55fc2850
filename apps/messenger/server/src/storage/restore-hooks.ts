import { continueLog, createAudit, nodePrimitives } from "@rempart/audit";
import { treeHash } from "@rempart/audit/verify";
import { migrate } from "@rempart/database";
import type { RestoreHook } from "@rempart/database/backup";
import { hasCode, systemClock, systemRandom } from "@rempart/kernel";
import type { Keyring } from "@rempart/keys";
import { silentLogger } from "@rempart/runtime";
import { auditObjects } from "../audit/objects.ts";
import type { MessengerConfig } from "../config.ts";
import { messengerMigrations } from "../migrations.ts";
import type { ObjectPlace } from "../object-place.ts";
import { eraseAgain } from "./erasures.ts";
import { openRepository } from "./repository.ts";

export interface RestoreHookOptions {
  /** Goes on when the erasure ledger is not whole, and records in the audit log what is lost of it. */
  readonly acceptLostErasures?: boolean;
}

/** What a restored messenger must do before anybody may use it. Hooks get its database as the owner of the tables. */
export function restoreHooks(
  { audit, backup }: MessengerConfig,
  keyring: Keyring,
  { acceptLostErasures }: RestoreHookOptions = {},
): readonly RestoreHook[] {
  return [
    { name: "migrations", run: async ({ database }) => void (await migrate(database, messengerMigrations)) },
    raiseIncarnation,
    purgeKeyPackages,
    { name: "audit log", run: ({ database }) => continueAuditLog({ database, keyring, place: audit.place }) },
    {
      name: "erasures",
      async run({ database }) {
        if (backup.repository === null) return;
        const repository = openRepository(backup.repository);
        await eraseAgain(database, { repository, keyring }, acceptLostErasures);
      },
    },
  ];
}

/**
 * Clients compare the number and resynchronise. Two restores of one backup must differ as well: the seconds since 2026 rise
 * from one to the next.
 */
const raiseIncarnation: RestoreHook = {
  name: "incarnation",
  async run({ database }) {
    await database.query(
      `UPDATE server_state SET incarnation = greatest(incarnation + 1,
         extract(epoch FROM clock_timestamp() - timestamptz '2026-01-01 00:00:00+00')::int)`,
    );
  },
};

/**
 * Some of them were handed out after the backup: giving one out again would break forward secrecy. Devices upload new ones, and
 * replace the last resort, by which they can be reached until they come.
 */
const purgeKeyPackages: RestoreHook = {
  name: "key packages",
  async run({ database }) {
    await database.query("DELETE FROM key_packages WHERE claimed_at IS NULL AND NOT last_resort");
    await database.query("UPDATE key_packages SET used_at = now() WHERE last_resort AND used_at IS NULL");
  },
};

interface AuditPorts extends Pick<Parameters<RestoreHook["run"]>[0], "database"> {
  readonly keyring: Keyring;
  readonly place: ObjectPlace;
}

/** What was published lies before what was restored: the log goes on under a new name that says so. */
async function continueAuditLog({ database, keyring, place }: AuditPorts): Promise<void> {
  const ports = { database, envelopes: keyring, clock: systemClock, random: systemRandom, log: silentLogger };
  const { record } = createAudit(ports);
  const objects = auditObjects(place);
  const hash = treeHash(nodePrimitives.sha256);
  await continueLog({ ...ports, objects, hash, record }).catch((error: unknown) => {
    if (!hasCode(error, "not-broken")) throw error;
  });
}
