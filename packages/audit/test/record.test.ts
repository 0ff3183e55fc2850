import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Queryable } from "@rempart/database";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, type Envelopes, localKeyFile } from "@rempart/keys";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { canonical } from "../src/entry/canonical.ts";
import { commitmentOf } from "../src/entry/leaf.ts";
import { createRecorder } from "../src/log/record.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { openPersonal } from "../src/subjects/cipher.ts";
import { eraseSubject } from "../src/subjects/erase.ts";
import { SubjectKeys } from "../src/subjects/subjects.ts";
import type { EntryRow } from "../src/verification/rows.ts";
import { type TestLog, testLog } from "./log.ts";

function recorderOf(log: TestLog, keepMs = 60_000) {
  const random = systemRandom;
  const clock = systemClock;
  const envelopes: Envelopes = createKeyring({
    local: localKeyFile(join(log.directory, "key")),
    clock,
    random,
  });
  const subjects = new SubjectKeys({ envelopes, clock, random, keepMs });
  const { sha256 } = nodePrimitives;
  const { record } = createRecorder({ database: log.database, subjects, sha256, clock, random });
  return { record, subjects };
}

async function rowOf(db: Queryable, id: string): Promise<EntryRow> {
  const [row] = await db.query<EntryRow>("SELECT * FROM audit_entries WHERE id = $1", [id]);
  assert.ok(row);
  return row;
}

const SIGN_IN = {
  type: "auth.login.succeeded",
  actor: { userId: "u1", address: "2001:db8::1", userAgent: "Firefox" },
  resource: {
    type: "session",
    id: "s1",
    metadata: { password: "hunter2", plan: "pro", mail: "a@example.com" },
  },
  request: { id: "r1", method: "POST", path: "/api/v1/auth/sign-in", status: 200, success: true },
} as const;

test("an event vanishes with the act it tells of", async () => {
  await using log = await testLog();
  const { record } = recorderOf(log);
  await assert.rejects(
    log.database.transaction(async (tx) => {
      await record(tx, SIGN_IN);
      throw new Error("the act failed");
    }),
  );
  assert.deepEqual(await log.database.query("SELECT id FROM audit_entries"), []);
  const id = await log.database.transaction((tx) => record(tx, SIGN_IN));
  assert.equal((await rowOf(log.database, id)).event_type, "auth.login.succeeded");
});

test("the body holds no secret and nothing personal, and the leaf commits to both", async () => {
  await using log = await testLog();
  const { record, subjects } = recorderOf(log);
  const id = await record(log.database, SIGN_IN);
  const row = await rowOf(log.database, id);
  const body = canonical(row.body);
  for (const hidden of ["hunter2", "a@example.com", "2001:db8", "Firefox"])
    assert.ok(!body.includes(hidden), hidden);
  assert.ok(body.includes('"plan":"pro"'));
  assert.equal(row.ip_address, "2001:db8::1");
  const key = await subjects.forReading(log.database, "u1");
  const personal = openPersonal(key as Uint8Array, row.personal as Buffer, id);
  assert.equal(personal, '{"address":"2001:db8::1","userAgent":"Firefox"}');
  const commitment = commitmentOf(nodePrimitives.sha256, { salt: row.salt, body, personal: row.personal });
  assert.deepEqual(Buffer.from(commitment), row.commitment);
});

test("personal data opens for its own entry only", async () => {
  await using log = await testLog();
  const { record, subjects } = recorderOf(log);
  const first = await rowOf(log.database, await record(log.database, SIGN_IN));
  const second = await rowOf(log.database, await record(log.database, SIGN_IN));
  const key = (await subjects.forReading(log.database, "u1")) as Uint8Array;
  assert.equal(openPersonal(key, first.personal as Buffer, second.id), null);
  assert.equal(openPersonal(systemRandom.bytes(32), first.personal as Buffer, first.id), null);
  assert.equal(openPersonal(key, (first.personal as Buffer).subarray(0, 20), first.id), null);
});

test("a key made in a transaction that fails is not used afterwards", async () => {
  await using log = await testLog();
  const { record, subjects } = recorderOf(log);
  await assert.rejects(
    log.database.transaction(async (tx) => {
      await record(tx, SIGN_IN);
      await record(tx, SIGN_IN);
      throw new Error("the act failed");
    }),
  );
  const id = await record(log.database, SIGN_IN);
  const key = await subjects.forReading(log.database, "u1");
  const row = await rowOf(log.database, id);
  assert.notEqual(openPersonal(key as Uint8Array, row.personal as Buffer, id), null);
});

test("many at once agree on one key for a new subject", async () => {
  await using log = await testLog();
  const recorders = [recorderOf(log), recorderOf(log)];
  const ids = await Promise.all(
    Array.from({ length: 24 }, (_, i) =>
      log.database.transaction((tx) => (recorders[i % 2] as (typeof recorders)[0]).record(tx, SIGN_IN)),
    ),
  );
  const key = (await recorders[0]?.subjects.forReading(log.database, "u1")) as Uint8Array;
  for (const id of ids) {
    const row = await rowOf(log.database, id);
    assert.notEqual(openPersonal(key, row.personal as Buffer, id), null);
  }
});

test("after an erasure nothing opens, and what comes later keeps nothing personal", async () => {
  await using log = await testLog();
  const { record, subjects } = recorderOf(log);
  await record(log.database, SIGN_IN);
  const erased = log.database.transaction((tx) => eraseSubject(tx, { subjects, clock: systemClock }, "u1"));
  assert.ok(await erased);
  assert.equal(await subjects.forReading(log.database, "u1"), null);
  const later = await rowOf(log.database, await record(log.database, SIGN_IN));
  assert.equal(later.personal, null);
  assert.equal(later.ip_address, null);
});

test("what the database keeps of any body is what was committed to", async () => {
  await using log = await testLog();
  const { record } = recorderOf(log);
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.string({ unit: codePoint }), fc.jsonValue({ stringUnit: "binary" })),
      async (metadata) => {
        const event = { type: "admin.operation.update", resource: { type: "t", id: "i", metadata } } as const;
        const row = await rowOf(log.database, await record(log.database, event));
        const body = canonical(row.body);
        const commitment = commitmentOf(nodePrimitives.sha256, { salt: row.salt, body, personal: null });
        assert.deepEqual(Buffer.from(commitment), row.commitment, body);
      },
    ),
    { numRuns: 200 },
  );
});

test("the hostile is bounded, and an unknown type is the caller's mistake", async () => {
  await using log = await testLog();
  const { record } = recorderOf(log);
  const metadata = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, "x".repeat(5_000)]));
  const huge = {
    type: "access.request",
    actor: { userId: "u".repeat(9_999), address: "fe80::1%eth0\n" },
    resource: { type: "t", id: "i", metadata },
  } as const;
  const row = await rowOf(log.database, await record(log.database, huge));
  assert.ok(canonical(row.body).length < 40_000);
  assert.equal(row.ip_address, null);
  await assert.rejects(record(log.database, { type: "no.such" as never }), TypeError);
});
