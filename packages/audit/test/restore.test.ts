import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Database } from "@rempart/database";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, type Envelopes, localKeyFile } from "@rempart/keys";
import { silentLogger } from "@rempart/runtime";
import { type Audit, createAudit } from "../src/audit.ts";
import { type Continued, continueLog } from "../src/log/continue.ts";
import { logObjects } from "../src/log/objects.ts";
import { LogReader } from "../src/log/reader.ts";
import { type Sequencer, startSequencer } from "../src/log/sequencer.ts";
import { logFile } from "../src/log/serve.ts";
import { openSigner, signerKeys } from "../src/log/signer.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { directoryStore } from "../src/objects/directory.ts";
import type { VerificationReport } from "../src/verification/finding.ts";
import { verifyLog } from "../src/verification/verify-log.ts";
import { verifyRestored } from "../src/verification/verify-restored.ts";
import { type TestLog, testLog, treeHashing } from "./log.ts";

const clock = systemClock;
const random = systemRandom;
const NAME = "log.example/audit";

interface Installation {
  readonly audit: Audit;
  readonly envelopes: Envelopes;
  opened(): Promise<Sequencer>;
  continued(): Promise<Continued>;
  verified(generation: number): Promise<VerificationReport>;
}

function installationOf({ database, objects, directory }: TestLog): Installation {
  const envelopes = createKeyring({ local: localKeyFile(join(directory, "key")), clock, random });
  const audit = createAudit({ database, envelopes });
  const shared = { database, objects, hash: treeHashing, clock };
  return {
    audit,
    envelopes,
    async opened() {
      const signer = await openSigner({ ...shared, envelopes, random, origin: NAME });
      return startSequencer({ ...shared, signer, log: silentLogger, everyMs: 3_600_000 });
    },
    continued: () => continueLog({ ...shared, envelopes, random, record: audit.record }),
    async verified(generation) {
      const logKeys = await signerKeys(database);
      const origin = generation === 1 ? NAME : `${NAME}/${generation}`;
      const policy = { origin, logKeys, witnessKeys: [], quorum: 0 };
      const published = logObjects(objects, generation);
      return verifyLog({
        database,
        objects: published,
        primitives: nodePrimitives,
        policy,
        now: clock.now(),
      });
    },
  };
}

/** Recorded and committed; not placed. */
async function grow({ database }: TestLog, { audit }: Installation, count: number): Promise<void> {
  await database.transaction(async (tx) => {
    for (let i = 0; i < count; i += 1)
      await audit.record(tx, { type: "admin.operation.read", resource: { type: "thing", id: String(i) } });
  });
}

/** One round of a sequencer started for it: what a restarted process does. */
async function round({ opened }: Installation): Promise<void> {
  const sequencer = await opened();
  try {
    await sequencer.round();
  } finally {
    await sequencer.stop();
  }
}

async function headOf(
  { objects }: TestLog,
  generation: number,
): Promise<[string | undefined, number | undefined]> {
  const head = await new LogReader(logObjects(objects, generation), treeHashing).head();
  return [head?.origin, head?.size];
}

/** The tables of the log as they were when this was called, put back: a restore to that point. */
async function restorePoint(database: Database): Promise<() => Promise<void>> {
  const tables = ["audit_entries", "audit_leaves", "audit_sequence", "audit_checkpoints", "audit_signers"];
  for (const table of tables) await database.query(`CREATE TABLE saved_${table} AS TABLE ${table}`);
  return async () => {
    await database.transaction(async (tx) => {
      for (const table of tables) {
        await tx.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
        await tx.query(`DELETE FROM ${table}`);
        await tx.query(`INSERT INTO ${table} TABLE saved_${table}`);
        await tx.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
      }
    });
  };
}

/** More entries are published, and the database is put back to before them; what this returns puts it back again. */
async function loses(log: TestLog, installation: Installation, count: number): Promise<() => Promise<void>> {
  const restore = await restorePoint(log.database);
  await grow(log, installation, count);
  await round(installation);
  await restore();
  return restore;
}

test("a log that can go on is not continued under another name", async () => {
  await using log = await testLog();
  const installation = installationOf(log);
  await assert.rejects(installation.continued(), { code: "not-broken" });
  await round(installation);
  await assert.rejects(installation.continued(), { code: "not-broken" });
  await grow(log, installation, 3);
  await round(installation);
  await assert.rejects(installation.continued(), { code: "not-broken" });
});

test("after a restore the log stops, is continued under a new name, and both logs tell the truth", async () => {
  await using log = await testLog();
  const installation = installationOf(log);
  await grow(log, installation, 300);
  await round(installation);
  await loses(log, installation, 20);
  await grow(log, installation, 5);
  await assert.rejects(round(installation), { code: "log-rolled-back" });

  const continued = await installation.continued();
  assert.deepEqual([continued.origin, continued.after.size, continued.kept], [`${NAME}/2`, 320, 300]);
  await round(installation);
  assert.deepEqual(await headOf(log, 2), [`${NAME}/2`, 306]);
  assert.deepEqual((await installation.verified(2)).findings, []);
  const old = await installation.verified(1);
  assert.deepEqual(
    old.findings.filter(({ index }) => index !== null && index < 300),
    [],
    "what the restore kept is in both",
  );
  const lost = new Set(old.findings.map(({ index }) => index).filter((index) => index !== null));
  assert.deepEqual(
    [...lost].toSorted(),
    Array.from({ length: 20 }, (_, i) => 300 + i),
  );

  const { records } = await installation.audit.query({ types: ["audit.continued"] });
  const body = records[0]?.body as { resource?: { metadata: object } } | undefined;
  const root = Buffer.from(continued.after.root).toString("base64");
  assert.deepEqual(body?.resource?.metadata, { after: NAME, size: 320, root, kept: 300 });
  assert.ok(await logFile(log.objects, "2/checkpoint"));
  assert.ok(await logFile(log.objects, "2/tile/0/000"));
  assert.equal(await logFile(log.objects, "1/checkpoint"), null);
});

test("a restored database that has grown past what was published is found without a witness", async () => {
  await using log = await testLog();
  const installation = installationOf(log);
  await grow(log, installation, 10);
  await round(installation);
  await loses(log, installation, 10);
  await grow(log, installation, 40);
  await assert.rejects(round(installation), { code: "log-diverged" });
  await installation.continued();
  await round(installation);
  assert.deepEqual(await headOf(log, 2), [`${NAME}/2`, 51]);
  assert.deepEqual((await installation.verified(2)).findings, []);
});

test("a continuation that was cut off is finished by the next start, and can itself be continued", async () => {
  await using log = await testLog();
  const installation = installationOf(log);
  await grow(log, installation, 10);
  await round(installation);
  const restore = await loses(log, installation, 10);
  await installation.continued();
  await assert.rejects(installation.continued(), { code: "not-broken" }, "it is under way");
  await round(installation);
  await round(installation);
  await restore();
  const again = await installation.continued();
  assert.equal(
    again.origin,
    `${NAME}/3`,
    "the name of a continuation that the restore undid is not used twice",
  );
  await round(installation);
  assert.deepEqual((await installation.verified(3)).findings, []);
});

test("bodies pruned before the restore stay proven in the continued log", async () => {
  await using log = await testLog();
  const installation = installationOf(log);
  await grow(log, installation, 600);
  await round(installation);
  await log.database.query("ALTER TABLE audit_entries DISABLE TRIGGER USER");
  await log.database.query(
    "DELETE FROM audit_entries WHERE id IN (SELECT entry_id FROM audit_leaves WHERE leaf_index < 100)",
  );
  await log.database.query("ALTER TABLE audit_entries ENABLE TRIGGER USER");
  await loses(log, installation, 10);
  await installation.continued();
  await round(installation);
  const { findings } = await installation.verified(2);
  assert.deepEqual(
    findings.map(({ kind, index }) => `${kind} ${index}`),
    Array.from({ length: 100 }, (_, i) => `entry-removed ${i}`),
    "their leaves are told from the old bundles: only the rows are missed, as they were removed before their time",
  );
});

test("a restored database that is older than what was published proves itself, and an entry changed in it is found", async () => {
  await using log = await testLog();
  const installation = installationOf(log);
  await grow(log, installation, 300);
  await round(installation);
  await loses(log, installation, 20);
  const logKeys = await signerKeys(log.database);
  const verified = async (scratch: string): Promise<VerificationReport> =>
    verifyRestored({
      database: log.database,
      scratch: directoryStore(join(log.directory, scratch)),
      published: log.objects,
      primitives: nodePrimitives,
      policy: { origin: NAME, logKeys, witnessKeys: [], quorum: 0 },
      now: clock.now(),
    });
  const sound = await verified("one");
  assert.deepEqual([sound.findings, sound.checked], [[], 300]);
  await log.database.query("ALTER TABLE audit_entries DISABLE TRIGGER USER");
  await log.database.query(
    `UPDATE audit_entries SET body = '{"changed": true}' WHERE id = (SELECT entry_id FROM audit_leaves WHERE leaf_index = 7)`,
  );
  const changed = await verified("two");
  assert.ok(changed.findings.some(({ kind, index }) => kind === "entry-altered" && index === 7));
});
