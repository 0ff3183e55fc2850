import { generateKeyPairSync, hash, randomBytes, randomUUID, sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database, Queryable } from "@rempart/database";
import { systemClock } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { testDatabase } from "@rempart/testing";
import type { LogSigner } from "../src/log/publish.ts";
import { type Sequencer, startSequencer } from "../src/log/sequencer.ts";
import { auditMigrations } from "../src/migrations.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { verifierKey } from "../src/note/keys.ts";
import { directoryStore } from "../src/objects/directory.ts";
import type { ObjectStore } from "../src/ports.ts";
import { treeHash } from "../src/tree/hash.ts";

export const treeHashing = treeHash(nodePrimitives.sha256);
const SPKI_PREFIX_BYTES = 12;

export function newSigner(origin: string): LogSigner {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX_BYTES);
  const key = verifierKey(nodePrimitives.sha256, { name: origin, kind: "log", publicKey: raw });
  return { origin, generation: 1, key, sign: (message) => sign(null, message, privateKey) };
}

export interface TestLog extends AsyncDisposable {
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly signer: LogSigner;
  readonly directory: string;
  /** A sequencer that only works when told to. */
  sequencer(objects?: ObjectStore): Sequencer;
}

export async function testLog(): Promise<TestLog> {
  const { database, close } = await testDatabase({ migrations: [auditMigrations] });
  const directory = await mkdtemp(join(tmpdir(), "rempart-audit-"));
  const objects = directoryStore(directory);
  const signer = newSigner("log.example/audit");
  const started: Sequencer[] = [];
  return {
    database,
    objects,
    signer,
    directory,
    sequencer(store = objects) {
      const sequencer = startSequencer({
        database,
        objects: store,
        signer,
        hash: treeHashing,
        clock: systemClock,
        log: silentLogger,
        everyMs: 3_600_000,
      });
      started.push(sequencer);
      return sequencer;
    },
    async [Symbol.asyncDispose]() {
      for (const sequencer of started) await sequencer.stop();
      await close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A bare entry, as the recorder would insert it. */
export async function insertEntry(db: Queryable, type = "test.happened"): Promise<string> {
  const id = randomUUID();
  await db.query(
    `INSERT INTO audit_entries (id, created_at, event_type, retention, body, salt, commitment)
     VALUES ($1, $2, $3, 'security', '{}', $4, $5)`,
    [id, new Date(), type, randomBytes(16), hash("sha256", id, "buffer")],
  );
  return id;
}
