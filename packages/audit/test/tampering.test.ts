import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Transaction } from "@rempart/database";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { createRecorder } from "../src/log/record.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { addressReader, SubjectKeys } from "../src/subjects/subjects.ts";
import type { VerificationReport } from "../src/verification/finding.ts";
import { verifyFiles } from "../src/verification/verify-files.ts";
import { verifyLog } from "../src/verification/verify-log.ts";
import { newSigner, type TestLog, testLog } from "./log.ts";

/** A log of 600 entries in three heads: two full tiles and a partial one. */
async function logOf600(): Promise<TestLog & { ids: string[]; subjects: SubjectKeys }> {
  const log = await testLog();
  const random = systemRandom;
  const clock = systemClock;
  const envelopes = createKeyring({ local: localKeyFile(join(log.directory, "key")), clock, random });
  const subjects = new SubjectKeys({ envelopes, clock, random });
  const { sha256 } = nodePrimitives;
  const { record } = createRecorder({ database: log.database, subjects, sha256, clock, random });
  const sequencer = log.sequencer();
  for (const count of [100, 300, 200]) {
    await log.database.transaction(async (tx) => {
      for (let i = 0; i < count; i += 1) {
        const resource = { type: "thing", id: String(i), metadata: { step: i } };
        await record(tx, {
          type: "admin.operation.update",
          actor: { userId: "u1", address: "192.0.2.7" },
          resource,
        });
      }
    });
    await sequencer.round();
  }
  const rows = await log.database.query<{ entry_id: string }>(
    "SELECT entry_id FROM audit_leaves ORDER BY leaf_index",
  );
  return Object.assign(log, { ids: rows.map(({ entry_id }) => entry_id), subjects });
}

function verify(log: TestLog & { subjects: SubjectKeys }, signer = log.signer): Promise<VerificationReport> {
  const policy = { origin: signer.origin, logKeys: [signer.key], witnessKeys: [], quorum: 0 };
  const { database, objects, subjects } = log;
  const addressOf = addressReader(database, subjects);
  return verifyLog({ database, objects, primitives: nodePrimitives, policy, now: Date.now(), addressOf });
}

const TABLES = ["audit_entries", "audit_leaves", "audit_checkpoints"];

/** What the owner of the tables can do, whom no trigger stops. */
async function tamper({ database }: TestLog, ...statements: string[]): Promise<void> {
  await database.transaction(async (tx: Transaction) => {
    for (const table of TABLES) await tx.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    for (const statement of statements) await tx.query(statement);
    for (const table of TABLES) await tx.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  });
}

function summary(report: VerificationReport): [string, number | null, string | null][] {
  return report.findings.map(({ kind, index, entryId }) => [kind, index, entryId]);
}

test("a log that nobody touched verifies whole, with every head it ever had", async () => {
  await using log = await logOf600();
  const report = await verify(log);
  assert.deepEqual(report, { checked: 600, pruned: 0, size: 600, findings: [], more: 0 });
});

const ALTERATIONS = [
  [3, `body = jsonb_set(body, '{resource,metadata,step}', '7')`, "body, personal or salt"],
  [257, "created_at = created_at - interval '1 hour'", "created_at"],
  [258, "event_type = 'access.request'", "event_type"],
  [511, "retention = 'access'", "retention"],
  [512, `personal = '\\x00'`, "body, personal or salt"],
  [599, "ip_address = '192.0.2.8'", "ip_address"],
] as const;

test("every altered entry is named, with what was changed", async () => {
  await using log = await logOf600();
  const statements = ALTERATIONS.map(
    ([index, set]) => `UPDATE audit_entries SET ${set} WHERE id = '${log.ids[index]}'`,
  );
  await tamper(log, ...statements);
  const { findings } = await verify(log);
  const expected = ALTERATIONS.map(([index, , column]) => {
    return { kind: "entry-altered", index, entryId: log.ids[index], detail: `changed: ${column}` };
  });
  assert.deepEqual(findings, expected);
});

test("a removed, two swapped and a smuggled entry are named", async () => {
  await using log = await logOf600();
  const [removed, left, right] = [log.ids[599], log.ids[10], log.ids[300]];
  const place = (id: string | undefined, index: number) =>
    `UPDATE audit_leaves SET entry_id = '${id}' WHERE leaf_index = ${index}`;
  await tamper(
    log,
    `DELETE FROM audit_entries WHERE id = '${removed}'`,
    place("00000000-0000-0000-0000-000000000000", 10),
    place(left, 300),
    place(right, 10),
    "INSERT INTO audit_leaves (leaf_index, entry_id, leaf_hash) VALUES (700, gen_random_uuid(), sha256('x'))",
  );
  const found = summary(await verify(log));
  assert.deepEqual(found.slice(0, 3), [
    ["entry-reordered", 10, left],
    ["entry-reordered", 300, right],
    ["entry-removed", 599, removed],
  ]);
  assert.deepEqual(
    found.slice(3).map(([kind, index]) => [kind, index]),
    [["entry-inserted", 700]],
  );
});

test("a row put in behind the sequencer's back is named", async () => {
  await using log = await logOf600();
  await tamper(
    log,
    `INSERT INTO audit_entries (id, created_at, event_type, retention, body, salt, commitment, transaction_id)
     SELECT gen_random_uuid(), created_at, event_type, retention, body, salt, commitment, transaction_id
     FROM audit_entries WHERE id = '${log.ids[5]}'`,
  );
  await log.sequencer().round();
  assert.deepEqual(
    (await verify(log)).findings.map(({ kind }) => kind),
    ["entry-inserted"],
  );
});

test("a changed place, tile, bundle and head are told apart", async () => {
  await using log = await logOf600();
  await tamper(log, "UPDATE audit_leaves SET leaf_hash = sha256('x') WHERE leaf_index = 300");
  const tile = join(log.directory, "tile/0/000");
  const bytes = await readFile(tile);
  bytes[40] = (bytes[40] as number) ^ 1;
  await writeFile(tile, bytes);
  const bundle = join(log.directory, "tile/entries/002.p/88");
  const text = await readFile(bundle, "latin1");
  await writeFile(bundle, text.replace("admin.operation", "admin.0peration"), "latin1");
  await tamper(log, "UPDATE audit_checkpoints SET root = sha256('x') WHERE size = 400");
  const found = summary(await verify(log));
  assert.deepEqual(found.map(([kind, index]) => [kind, index]).toSorted(), [
    ["bundle-altered", 512],
    ["checkpoint-altered", null],
    ["leaf-altered", 300],
    ["tile-altered", 0],
  ]);
});

test("a log signed by another key is not believed at all", async () => {
  await using log = await logOf600();
  const report = await verify(log, newSigner(log.signer.origin));
  assert.deepEqual(summary(report), [["checkpoint-altered", null, null]]);
});

test("the published files are verified without the database, and what was changed in them is named", async () => {
  await using log = await logOf600();
  const { objects, signer } = log;
  const policy = { origin: signer.origin, logKeys: [signer.key], witnessKeys: [], quorum: 0 };
  const files = () => verifyFiles({ objects, primitives: nodePrimitives, policy });
  assert.deepEqual(await files(), { checked: 600, pruned: 0, size: 600, findings: [], more: 0 });
  const flip = async (path: string, at: number) => {
    const bytes = await readFile(join(log.directory, path));
    bytes[at] = (bytes[at] as number) ^ 1;
    await writeFile(join(log.directory, path), bytes);
  };
  await flip("tile/entries/001", 100);
  assert.deepEqual(summary(await files()), [["bundle-altered", 256, null]]);
  await flip("tile/entries/001", 100);
  await flip("tile/1/000.p/2", 5);
  assert.deepEqual(summary(await files()), [["tile-altered", 0, null]]);
  await flip("tile/0/001", 70);
  const kinds = new Set((await files()).findings.map(({ kind }) => kind));
  assert.deepEqual([...kinds].toSorted(), ["bundle-altered", "checkpoint-altered", "tile-altered"]);
});
