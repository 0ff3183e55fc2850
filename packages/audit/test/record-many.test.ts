import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Database } from "@rempart/database";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { type Audit, createAudit } from "../src/audit.ts";
import type { AuditEvent } from "../src/events/event.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { commitmentOfRow, type EntryRow } from "../src/verification/rows.ts";
import { verifyLog } from "../src/verification/verify-log.ts";
import { type TestLog, testLog } from "./log.ts";

function auditOf(log: TestLog, database: Database = log.database): Audit {
  const random = systemRandom;
  const clock = systemClock;
  const envelopes = createKeyring({ local: localKeyFile(join(log.directory, "key")), clock, random });
  return createAudit({ database, envelopes, clock, random });
}

async function rowsOf(log: TestLog, ids: readonly string[]): Promise<EntryRow[]> {
  const rows = await log.database.query<EntryRow>(
    `SELECT e.*, host(e.ip_address) AS ip_address FROM audit_entries e
     JOIN unnest($1::uuid[]) WITH ORDINALITY AS asked (id, place) ON asked.id = e.id ORDER BY place`,
    [ids],
  );
  assert.equal(rows.length, ids.length);
  return rows;
}

function assertWhole(row: EntryRow): void {
  assert.deepEqual(Buffer.from(commitmentOfRow(nodePrimitives.sha256, row)), row.commitment);
}

const happened = (id: string): AuditEvent => ({
  type: "access.request",
  actor: { userId: `u${id}`, address: "192.0.2.1" },
  resource: { type: "thing", id },
});

test("writers without an act share statements, and each has its own entry when it goes on", async () => {
  await using log = await testLog();
  const inserts: (string | undefined)[] = [];
  const database: Database = {
    ...log.database,
    query(text, values, options) {
      if (text.includes("INSERT INTO audit_entries")) inserts.push(options?.name);
      return log.database.query(text, values, options);
    },
  };
  const audit = auditOf(log, database);
  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const id = await audit.record(database, happened(String(i)));
      const [row] = await rowsOf(log, [id]);
      assert.ok(row);
      assertWhole(row);
      assert.deepEqual((row.body as { resource: unknown }).resource, { id: String(i), type: "thing" });
    }),
  );
  assert.ok(inserts.length < 40, `${inserts.length} statements`);
  assert.ok(inserts.includes("audit-record-many"));
});

test("a database that fails fails every writer of the statement, and keeps none of their entries", async () => {
  await using log = await testLog();
  const state = { away: true };
  const database: Database = {
    ...log.database,
    query(text, values, options) {
      if (state.away && text.includes("INSERT INTO audit_entries")) return Promise.reject(new Error("away"));
      return log.database.query(text, values, options);
    },
  };
  const audit = auditOf(log, database);
  const ends = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => audit.record(database, happened(String(i)))),
  );
  assert.ok(ends.every(({ status }) => status === "rejected"));
  assert.deepEqual(await log.database.query("SELECT FROM audit_entries"), []);
  state.away = false;
  await rowsOf(log, [await audit.record(database, happened("later"))]);
});

test("an act's own event never waits for, nor goes with, those of others", async () => {
  await using log = await testLog();
  const audit = auditOf(log);
  const others: Promise<string>[] = [];
  await assert.rejects(
    log.database.transaction(async (tx) => {
      for (let i = 0; i < 5; i += 1) others.push(audit.record(log.database, happened(`other ${i}`)));
      await audit.record(tx, happened("act"));
      await Promise.all(others);
      throw new Error("the act failed");
    }),
  );
  await rowsOf(log, await Promise.all(others));
  const [counted] = await log.database.query<{ count: number }>(
    "SELECT count(*) AS count FROM audit_entries",
  );
  assert.equal(counted?.count, 5);
});

test("several events are recorded all or none, in their order, in the transaction given", async () => {
  await using log = await testLog();
  const audit = auditOf(log);
  const unknown = { type: "no.such" as never };
  await assert.rejects(audit.recordAll(log.database, [happened("a"), unknown]), TypeError);
  await assert.rejects(
    log.database.transaction(async (tx) => {
      await audit.recordAll(tx, [happened("b"), happened("c")]);
      throw new Error("the act failed");
    }),
  );
  assert.deepEqual(await log.database.query("SELECT FROM audit_entries"), []);
  assert.deepEqual(await audit.recordAll(log.database, []), []);
  const ids = await audit.recordAll(log.database, [happened("d"), happened("e"), happened("f")]);
  const rows = await rowsOf(log, ids);
  assert.deepEqual(
    rows.map(({ body }) => (body as { resource: { id: string } }).resource.id),
    ["d", "e", "f"],
  );
  assert.deepEqual(ids, ids.toSorted());
});

/** None at all, and longer than what is kept of a name. */
const text = fc.oneof(
  fc.string({ unit: codePoint, maxLength: 40 }),
  fc.string({ unit: codePoint, minLength: 199, maxLength: 202 }),
);
const events = fc.array(
  fc.record(
    {
      type: fc.constantFrom("access.request" as const, "admin.operation.update" as const),
      actor: fc.record({ userId: text, userAgent: text, address: fc.oneof(fc.ipV4(), fc.ipV6(), text) }),
      resource: fc.record({ type: text, id: text, metadata: fc.dictionary(text, fc.jsonValue()) }),
      security: fc.record({ reason: text, score: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    },
    { requiredKeys: ["type"] },
  ),
  { minLength: 2, maxLength: 6 },
);

test("whatever several events hold, each row keeps what its leaf commits to, and the log verifies", async () => {
  await using log = await testLog();
  const audit = auditOf(log);
  await fc.assert(
    fc.asyncProperty(events, async (several) => {
      const rows = await rowsOf(log, await audit.recordAll(log.database, several));
      for (const row of rows) {
        assertWhole(row);
        assert.notEqual(await audit.addressOf(row), undefined);
      }
    }),
    { numRuns: 40 },
  );
  await log.sequencer().round();
  const { database, objects, signer } = log;
  const policy = { origin: signer.origin, logKeys: [signer.key], witnessKeys: [], quorum: 0 };
  const report = await verifyLog({
    database,
    objects,
    primitives: nodePrimitives,
    policy,
    now: Date.now(),
    addressOf: audit.addressOf,
  });
  assert.deepEqual(report.findings, []);
});
