import assert from "node:assert/strict";
import { after, test } from "node:test";
import { lint, readSnapshot } from "@rempart/database/insights";
import { testDatabase } from "@rempart/testing";
import { messengerMigrations, messengerPurges } from "../src/operator.ts";

const storage = await testDatabase({ migrations: messengerMigrations });
after(() => storage.close());

test("our own tables lack no index that a foreign key needs, and have none twice", async () => {
  const ofSchema = new Set([
    "foreign-key-without-index",
    "index-duplicate",
    "index-covered",
    "index-invalid",
  ]);
  const findings = lint(await readSnapshot(storage.database)).filter(({ code }) => ofSchema.has(code));
  assert.deepEqual(
    findings.map(({ code, object, explanation }) => `${code} ${object}: ${explanation}`),
    [],
  );
});

test("each purge finds its rows by an index", async () => {
  await storage.database.session(async (session) => {
    await session.query("SET enable_seqscan = off");
    for (const { table, where } of messengerPurges) {
      const plan = await session.query(`EXPLAIN SELECT ctid FROM ${table} WHERE ${where}`, [new Date()]);
      assert.doesNotMatch(JSON.stringify(plan), /Seq Scan/, `${table} WHERE ${where}`);
    }
  });
});
