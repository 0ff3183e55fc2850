import assert from "node:assert/strict";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createDatabase, type Database, migrate, startEmbeddedPostgres } from "@rempart/database";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { silentLogger } from "@rempart/runtime";
import { createAudit } from "../src/audit.ts";
import { startSequencer } from "../src/log/sequencer.ts";
import { openSigner } from "../src/log/signer.ts";
import { auditMigrations } from "../src/migrations.ts";
import { directoryStore } from "../src/objects/directory.ts";
import { treeHashing } from "./log.ts";

const clock = systemClock;
const random = systemRandom;
const home = await mkdtemp(join(tmpdir(), "rempart-audit-roles-"));
await chmod(home, 0o711);
const server = await startEmbeddedPostgres({ directory: join(home, "postgres"), durable: false });
const owner = createDatabase({ url: server.url, poolSize: 2 });
const envelopes = createKeyring({ local: localKeyFile(join(home, "key")), clock, random });

async function loginOf(name: string): Promise<Database> {
  const url = new URL(server.url);
  url.username = name;
  url.password = `${name}-password`;
  return createDatabase({ url: url.href, poolSize: 2 });
}

await migrate(owner, [auditMigrations]);
const superuser = createDatabase({ url: server.superuserUrl, poolSize: 1 });
for (const name of ["writer", "keeper"])
  await superuser.query(`CREATE ROLE ${name} LOGIN PASSWORD '${name}-password'`);
await superuser.close();
await owner.query("SELECT audit_grant('writer', 'keeper')");
const [writer, keeper] = await Promise.all([loginOf("writer"), loginOf("keeper")]);

after(async () => {
  await Promise.all([owner.close(), writer.close(), keeper.close()]);
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

const EVENT = {
  type: "auth.login.failed",
  actor: { userId: "u1", address: "192.0.2.1" },
  resource: { type: "user", id: "u1" },
} as const;

test("a role that may only insert records and reads, and changes nothing", async () => {
  const audit = createAudit({ database: writer, envelopes });
  await writer.transaction((tx) => audit.record(tx, EVENT));
  assert.equal((await audit.query({ userId: "u1" })).records.length, 1);
  for (const statement of [
    "UPDATE audit_entries SET ip_address = NULL",
    "UPDATE audit_entries SET event_type = 'other'",
    "DELETE FROM audit_entries",
    "TRUNCATE audit_entries",
    "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
    "ALTER TABLE audit_entries OWNER TO writer",
    "DROP TRIGGER append_only ON audit_entries",
    "DROP TABLE audit_leaves",
    "INSERT INTO audit_leaves (leaf_index, entry_id, leaf_hash) VALUES (0, gen_random_uuid(), sha256('x'))",
    "INSERT INTO audit_checkpoints (size, root, note, created_at) VALUES (9, sha256('x'), '', now())",
    "UPDATE audit_sequence SET size = 0",
    "UPDATE audit_retention SET keep_days = 1",
    "UPDATE audit_subjects SET sealed_key = NULL, erased_at = now()",
    "SELECT sealed_key FROM audit_signers",
    "SELECT audit_grant('writer', 'writer')",
    "SET session_replication_role = replica",
  ])
    await assert.rejects(writer.query(statement), { code: "permission-denied" }, statement);
});

test("the role that keeps the log places, publishes, erases and prunes, and rewrites nothing", async () => {
  const audit = createAudit({ database: keeper, envelopes });
  await audit.announceKinds();
  await audit.record(keeper, EVENT);
  const signer = await openSigner({
    database: keeper,
    envelopes,
    clock,
    random,
    origin: "log.example/audit",
  });
  const objects = directoryStore(join(home, "log"));
  const shared = { database: keeper, objects, signer, hash: treeHashing, clock };
  const sequencer = startSequencer({ ...shared, log: silentLogger, everyMs: 3_600_000 });
  await sequencer.round();
  await sequencer.stop();
  assert.ok(await objects.get("checkpoint"));
  assert.ok(await keeper.transaction((tx) => audit.erase(tx, "u1")));
  assert.deepEqual(await audit.prune(), []);
  for (const statement of [
    "UPDATE audit_entries SET ip_address = '192.0.2.9'",
    "UPDATE audit_entries SET body = '{}'",
    "DELETE FROM audit_entries",
    "DELETE FROM audit_leaves",
    "UPDATE audit_checkpoints SET root = sha256('x')",
    "UPDATE audit_retention SET keep_days = 1",
    "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
  ])
    await assert.rejects(keeper.query(statement), { code: "permission-denied" }, statement);
});
