import {
  type Audit,
  type Continued,
  continueLog,
  createAudit,
  nodePrimitives,
  type ObjectStore,
  presentLog,
  type Repaired,
  type Responder,
  repairLog,
} from "@rempart/audit";
import { type TrustPolicy, treeHash } from "@rempart/audit/verify";
import type { Database } from "@rempart/database";
import { heldBack } from "@rempart/database/backup";
import type { Identity } from "@rempart/identity";
import { systemClock, systemRandom } from "@rempart/kernel";
import { type Keyring, type LocalKeyFile, localKeyFile, type VersionedSecrets } from "@rempart/keys";
import type { Logger } from "@rempart/runtime";
import { identityObserver } from "./audit/identity-events.ts";
import { auditObjects } from "./audit/objects.ts";
import { createResponder } from "./audit/responder.ts";
import { accountBans } from "./bans/account-bans.ts";
import { NetworkBans } from "./bans/network-bans.ts";
import type { MessengerConfig } from "./config.ts";
import { createMessengerIdentity } from "./identity.ts";
import { type Links, linksOf } from "./mail/links.ts";
import { PublicAddress } from "./public-address.ts";
import { csrfSecrets } from "./storage/csrf-secrets.ts";
import { openErasureKeeper } from "./storage/erasure-keeper.ts";
import { openKeyring } from "./storage/keyring.ts";
import { openStorage } from "./storage/open.ts";

/** What an operator works on: the data of the messenger, also while another process serves them. Nothing listens. */
export interface Installation extends AsyncDisposable {
  readonly database: Database;
  readonly identity: Identity;
  /** Where people follow the links that an operator hands over. */
  readonly links: Links;
  /** Records and reads; the server that runs places and publishes. */
  readonly audit: Audit;
  /** The published files of the audit log that goes on now. */
  readonly auditObjects: ObjectStore;
  /** After a restore: begins another log where the published one cannot go on. Code: `not-broken`. */
  continueAuditLog(): Promise<Continued>;
  /** Writes published files anew that were lost or damaged. Codes: `log-diverged`, `log-rolled-back`, `not-broken`. */
  repairAuditLog(policy: TrustPolicy): Promise<Repaired>;
  /** Whether what was erased up to now, here or by the server, stands beside the backups; within a bounded time. */
  erasuresRecorded(): Promise<boolean>;
  /** Takes back what detection did. */
  readonly responder: Responder;
  readonly keyring: Keyring;
  readonly localKey: LocalKeyFile;
  readonly secrets: { readonly csrf: VersionedSecrets };
}

export async function openInstallation(config: MessengerConfig, log: Logger): Promise<Installation> {
  const ports = { clock: systemClock, random: systemRandom, log };
  const settings = config.backup.repository === null ? undefined : heldBack;
  const storage = await openStorage(config.database, log, { beside: true, settings });
  const { database } = storage;
  const keyring = openKeyring(config.keys, ports);
  const address = new PublicAddress(config.public);
  // Mails are the server's to send: what is written here waits for it.
  const shared = { database, envelopes: keyring };
  const audit = createAudit({ ...ports, ...shared });
  const objects = auditObjects(config.audit.place);
  const hash = treeHash(nodePrimitives.sha256);
  const record = identityObserver(audit);
  const banAddresses = accountBans(ports);
  const identity = createMessengerIdentity({ ...config, mail: null }, address, {
    ...ports,
    ...shared,
    mailer: null,
    async observe(event, tx) {
      await record(event, tx);
      await banAddresses(event, tx);
    },
  });
  const erasures = openErasureKeeper(config, { database, keyring, log });
  return {
    database,
    identity,
    links: linksOf(address.origin),
    audit,
    auditObjects: await presentLog(database, objects),
    continueAuditLog: () => continueLog({ ...ports, ...shared, objects, hash, record: audit.record }),
    erasuresRecorded: async () => erasures?.recorded() ?? true,
    repairAuditLog: (policy) =>
      repairLog({ database, objects, primitives: nodePrimitives, policy, record: audit.record }),
    responder: createResponder({
      bans: new NetworkBans({ database, clock: systemClock, log }),
      administration: identity.administration,
      clock: systemClock,
    }),
    keyring,
    localKey: localKeyFile(config.keys.file),
    secrets: { csrf: csrfSecrets(shared) },
    async [Symbol.asyncDispose]() {
      await identity.close();
      await keyring.close();
      await storage.close();
    },
  };
}
