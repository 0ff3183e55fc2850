import assert from "node:assert/strict";
import { readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { silentLogger } from "@rempart/runtime";
import { createAudit } from "../src/audit.ts";
import { type Repaired, repairLog } from "../src/log/repair.ts";
import { startSequencer } from "../src/log/sequencer.ts";
import { openSigner, signerKeys } from "../src/log/signer.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { directoryStore } from "../src/objects/directory.ts";
import { verifyLog } from "../src/verification/verify-log.ts";
import { type TestLog, testLog, treeHashing } from "./log.ts";

const NAME = "log.example/audit";
const ports = { clock: systemClock, random: systemRandom };

interface PublishedLog extends AsyncDisposable {
  readonly log: TestLog;
  readonly directory: string;
  grow(count: number): Promise<void>;
  round(): Promise<void>;
  repair(): Promise<Repaired>;
  kinds(): Promise<readonly string[]>;
}

/** 300 entries: a full tile and bundle, and partial ones. */
async function publishedLog(): Promise<PublishedLog> {
  const log = await testLog();
  const { database } = log;
  const directory = join(log.directory, "published");
  const objects = directoryStore(directory);
  const envelopes = createKeyring({ local: localKeyFile(join(log.directory, "key")), ...ports });
  const audit = createAudit({ database, envelopes });
  const trust = async () => ({
    primitives: nodePrimitives,
    policy: { origin: NAME, logKeys: await signerKeys(database), witnessKeys: [], quorum: 0 },
  });
  const grow = (count: number) =>
    database.transaction(async (tx) => {
      for (let i = 0; i < count; i += 1)
        await audit.record(tx, { type: "admin.operation.read", resource: { type: "thing", id: String(i) } });
    });
  const round = async () => {
    const signer = await openSigner({ database, envelopes, ...ports, origin: NAME });
    const shared = { database, objects, signer, hash: treeHashing, clock: systemClock };
    await using sequencer = startSequencer({ ...shared, log: silentLogger, everyMs: 3_600_000 });
    await sequencer.round();
  };
  await grow(300);
  await round();
  return {
    log,
    directory,
    grow,
    round,
    repair: async () => repairLog({ database, objects, ...(await trust()), record: audit.record }),
    async kinds() {
      const { findings } = await verifyLog({ database, objects, ...(await trust()), now: Date.now() });
      return findings.map(({ kind }) => kind);
    },
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  };
}

interface Damage {
  readonly name: string;
  /** Of the partial tile and bundle of the first level. */
  cause(directory: string, width: number): Promise<void>;
  /** What is written anew. */
  files(width: number): readonly string[];
}

const DAMAGES: readonly Damage[] = [
  {
    name: "a full tile is lost and partial ones are cut",
    async cause(directory, width) {
      await rm(join(directory, "tile/0/000"));
      await truncate(join(directory, `tile/0/001.p/${width}`), 40);
      await truncate(join(directory, "tile/1/000.p/1"), 5);
    },
    files: (width) => ["tile/0/000", `tile/0/001.p/${width}`, "tile/1/000.p/1"],
  },
  {
    name: "bundles are overwritten",
    async cause(directory, width) {
      await writeFile(join(directory, "tile/entries/000"), "something else");
      await writeFile(join(directory, `tile/entries/001.p/${width}`), "");
    },
    files: (width) => ["tile/entries/000", `tile/entries/001.p/${width}`],
  },
  {
    name: "the checkpoint is garbled",
    cause: (directory) => writeFile(join(directory, "checkpoint"), "not a note"),
    files: () => ["checkpoint"],
  },
  {
    name: "everything is lost",
    cause: (directory) => rm(directory, { recursive: true }),
    files: (width) => [
      "checkpoint",
      "tile/0/000",
      `tile/0/001.p/${width}`,
      "tile/1/000.p/1",
      "tile/entries/000",
      `tile/entries/001.p/${width}`,
    ],
  },
];

test("what the database proves is written anew, recorded, and the log goes on under its name", async (t) => {
  await using published = await publishedLog();
  let size = 300;
  for (const { name, cause, files } of DAMAGES)
    await t.test(name, async () => {
      await cause(published.directory, size - 256);
      assert.notDeepEqual(await published.kinds(), []);
      const repaired = await published.repair();
      assert.deepEqual(
        { ...repaired, files: repaired.files.toSorted() },
        {
          size,
          files: files(size - 256),
          beyond: [],
        },
      );
      await published.round();
      size += 1;
      assert.deepEqual(await published.kinds(), []);
      assert.deepEqual(await published.repair(), { size, files: [], beyond: [] });
    });
  const told = await published.log.database.query<{ repaired: number }>(
    `SELECT (metadata ->> 'repaired')::int AS repaired FROM audit_logs
     WHERE event_name = 'audit.repaired' ORDER BY leaf_index`,
  );
  assert.deepEqual(
    told.map(({ repaired }) => repaired),
    DAMAGES.map(({ files }) => files(0).length),
  );
});

const REFUSED: readonly [string, string, readonly string[]][] = [
  [
    "a row says something else",
    "log-diverged",
    [
      "UPDATE audit_entries SET commitment = sha256('x') WHERE id = (SELECT entry_id FROM audit_leaves WHERE leaf_index = 7)",
    ],
  ],
  ["its end is gone", "log-rolled-back", ["DELETE FROM audit_leaves WHERE leaf_index >= 290"]],
  [
    "it was restored from an older copy",
    "log-rolled-back",
    ["DELETE FROM audit_leaves WHERE leaf_index >= 300", "DELETE FROM audit_checkpoints WHERE size > 300"],
  ],
  [
    "its head is not signed by the log",
    "log-diverged",
    ["UPDATE audit_checkpoints SET note = replace(note, 'log.example/audit', 'log.example/other')"],
  ],
];

for (const [name, code, statements] of REFUSED)
  test(`when the database does not prove the published tree, nothing is written: ${name}`, async () => {
    await using published = await publishedLog();
    await published.grow(10);
    await published.round();
    await rm(join(published.directory, "tile/0/000"));
    for (const statement of statements) {
      const table = statement.includes("audit_checkpoints")
        ? "audit_checkpoints"
        : /audit_(?:entries|leaves)/.exec(statement)?.[0];
      await published.log.database.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
      await published.log.database.query(statement);
    }
    const before = await readdir(published.directory, { recursive: true });
    await assert.rejects(published.repair(), { code });
    assert.deepEqual(await readdir(published.directory, { recursive: true }), before);
  });

test("an older database proves nothing by the loss of the published head", async () => {
  await using published = await publishedLog();
  const { database } = published.log;
  await published.grow(10);
  await published.round();
  for (const table of ["audit_leaves", "audit_checkpoints"])
    await database.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  await database.query("DELETE FROM audit_leaves WHERE leaf_index >= 300");
  await database.query("DELETE FROM audit_checkpoints WHERE size > 300");
  await rm(join(published.directory, "checkpoint"));
  await assert.rejects(published.repair(), { code: "log-rolled-back" });
});

test("of a bundle whose entries were pruned and are nowhere any more, nothing is made up", async () => {
  await using published = await publishedLog();
  const { database } = published.log;
  await database.query("ALTER TABLE audit_entries DISABLE TRIGGER USER");
  await database.query(
    "DELETE FROM audit_entries WHERE id IN (SELECT entry_id FROM audit_leaves WHERE leaf_index IN (3, 299))",
  );
  assert.deepEqual(await published.repair(), { size: 300, files: [], beyond: [] });
  await rm(join(published.directory, "tile/entries/000"));
  await rm(join(published.directory, "tile/0/000"));
  const repaired = await published.repair();
  assert.deepEqual(repaired, { size: 300, files: ["tile/0/000"], beyond: ["tile/entries/000"] });
});
