import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Database, Transaction } from "@rempart/database";
import type { DrillCheck } from "@rempart/database/backup";
import { until } from "@rempart/testing";
import { drillChecks, firstQuery } from "../src/drill/checks.ts";
import type { Installation } from "../src/index.ts";
import { Person } from "./support/person.ts";
import { type TestMessenger, testMessenger } from "./support/server.ts";

let server: TestMessenger;
let installation: Installation;
let database: Database;
let checks: readonly DrillCheck[];

before(async () => {
  server = await testMessenger();
  ({ database } = server.storage);
  const [ada, bob, eve] = [
    await Person.arrive(server.publicUrl, "ada"),
    await Person.arrive(server.publicUrl, "bob"),
    await Person.arrive(server.publicUrl, "eve"),
  ];
  for (const person of [bob, eve]) await person.uploadKeyPackages();
  const id = await ada.converse([bob, eve]);
  for (const text of ["one", "two"]) await ada.send(id, text);
  await ada.commit(id, { removedUsers: [eve.id] });
  // Entries are placed in the log a moment after they are recorded.
  await until(async () => (await database.query("SELECT FROM audit_leaves LIMIT 1")).length > 0);
  installation = await server.installation();
  checks = drillChecks({ envelopes: installation.keyring, published: installation.auditObjects });
});
after(async () => {
  await installation[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test("a messenger that people use satisfies every check", async () => {
  await firstQuery(database);
  for (const check of checks) assert.deepEqual(await check.run(database), [], check.name);
});

/** What a damaged restore might hold, for each check by its name. */
const DAMAGES: Readonly<Record<string, string>> = {
  "message positions have no gap": "DELETE FROM messages WHERE seq = 2",
  "messages belong to conversations": `INSERT INTO messages (id, conversation_id, seq, sender_id, kind, created_at)
    VALUES (gen_random_uuid(), gen_random_uuid(), 1, gen_random_uuid(), 'event', now())`,
  "epochs follow from commits": "UPDATE conversations SET epoch = epoch + 1",
  "no message is of a later epoch": "UPDATE messages SET epoch = 99 WHERE seq = 2",
  "group states are of the present epoch": "UPDATE group_infos SET epoch = epoch - 1",
  "leaves without an owner are known": "UPDATE devices SET revoked_at = now()",
  "members stand within their conversation": "UPDATE conversation_members SET read_seq = 99",
  "devices stand within their conversation": `INSERT INTO device_cursors
    SELECT d.id, c.id, 99, now() FROM devices d, conversations c LIMIT 1`,
  "key logs have no gap": "UPDATE device_key_events SET number = number + 1",
  "sealed secrets open": "UPDATE audit_signers SET sealed_key = replace(sealed_key, ':', ':A')",
  "audit log": "UPDATE audit_leaves SET leaf_hash = sha256('changed') WHERE leaf_index = 0",
};

test("each check finds what it is there for", async (t) => {
  assert.deepEqual(
    checks.map(({ name }) => name),
    Object.keys(DAMAGES),
  );
  for (const { name, run } of checks)
    await t.test(name, () =>
      undone(async (tx) => {
        await tx.query("ALTER TABLE audit_leaves DISABLE TRIGGER USER");
        await tx.query(DAMAGES[name] as string);
        assert.notDeepEqual(await run(within(tx)), []);
      }),
    );
});

test("another database than a messenger's answers the first question wrong", async () => {
  await undone(async (tx) => {
    await tx.query("DELETE FROM server_state");
    await assert.rejects(firstQuery(within(tx)), /no database of a messenger/);
  });
});

const UNDO = new Error("undo");

async function undone(work: (tx: Transaction) => Promise<void>): Promise<void> {
  const done = database.transaction(async (tx) => {
    await work(tx);
    throw UNDO;
  });
  await done.catch((error: unknown) => {
    if (error !== UNDO) throw error;
  });
}

/** A database as the transaction sees it. */
function within(tx: Transaction): Database {
  return { ...database, query: tx.query, session: (work) => work(tx as never) };
}
