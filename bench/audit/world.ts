/** A log of one's own for the bench: a durable PostgreSQL, people, and the events of a service. */
import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Audit,
  type AuditEvent,
  auditMigrations,
  createAudit,
  directoryStore,
  nodePrimitives,
  type ObjectStore,
  openSigner,
  type Sequencer,
  startSequencer,
} from "@rempart/audit";
import { type TrustPolicy, treeHash } from "@rempart/audit/verify";
import { createDatabase, type Database, migrate, startEmbeddedPostgres } from "@rempart/database";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { silentLogger } from "@rempart/runtime";

const PEOPLE = 500;
const USER_AGENT =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";

export interface World extends AsyncDisposable {
  readonly database: Database;
  readonly audit: Audit;
  readonly objects: ObjectStore;
  readonly policy: TrustPolicy;
  /** A sequencer that only works when told to, or every second. */
  sequencer(everyMs: number): Sequencer;
}

export async function startWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "rempart-bench-audit-"));
  await chmod(directory, 0o711);
  const server = await startEmbeddedPostgres({ directory: join(directory, "postgres"), durable: true });
  const database = createDatabase({ url: server.url, poolSize: 66 });
  await migrate(database, [auditMigrations]);
  const local = localKeyFile(join(directory, "key"));
  const envelopes = createKeyring({ local, clock: systemClock, random: systemRandom });
  const audit = createAudit({ database, envelopes });
  for (const userId of people) await audit.record(database, requestOf(userId));
  const origin = "bench.example/audit";
  const signer = await openSigner({ database, envelopes, clock: systemClock, random: systemRandom, origin });
  const objects = directoryStore(join(directory, "log"));
  const shared = { database, objects, signer, hash: treeHash(nodePrimitives.sha256), clock: systemClock };
  return {
    database,
    audit,
    objects,
    policy: { origin, logKeys: [signer.key], witnessKeys: [], quorum: 0 },
    sequencer: (everyMs) => startSequencer({ ...shared, log: silentLogger, everyMs }),
    async [Symbol.asyncDispose]() {
      await database.close();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const people = Array.from({ length: PEOPLE }, () => randomUUID());

/** What a service records of a request: 430 bytes of body and personal part. */
export function requestOf(userId = people[Math.floor(Math.random() * PEOPLE)] as string): AuditEvent {
  return {
    type: "access.request",
    actor: { userId, address: "192.0.2.1", userAgent: USER_AGENT },
    request: {
      id: randomUUID(),
      method: "POST",
      path: "/api/v1/conversations/messages",
      status: 201,
      success: true,
    },
  };
}
