import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { unpackEntries } from "../src/log/bundle.ts";
import { nodePrimitives } from "../src/node-primitives.ts";
import { type Checkpoint, parseCheckpoint } from "../src/note/checkpoint.ts";
import { formatProofFile } from "../src/proof/proof-file.ts";
import { judgeCheckpoint, judgeProof } from "../src/proof/verify.ts";
import { append, EMPTY_EDGE, rootOf } from "../src/tree/edge.ts";
import { inclusionRanges } from "../src/tree/inclusion.ts";
import { entriesPath, rangeHashes, tilePath, tileWidth } from "../src/tree/tiles.ts";
import { insertEntry, type TestLog, testLog, treeHashing } from "./log.ts";

async function placedIds({ database }: TestLog): Promise<string[]> {
  const rows = await database.query<{ entry_id: string }>(
    "SELECT entry_id FROM audit_leaves ORDER BY leaf_index",
  );
  return rows.map(({ entry_id }) => entry_id);
}

/** The published head, after checking its signature and that its root is that of the leaves in the database. */
async function checkedHead({ database, objects, signer }: TestLog): Promise<Checkpoint> {
  const bytes = (await objects.get("checkpoint")) as Uint8Array;
  const policy = { origin: signer.origin, logKeys: [signer.key], witnessKeys: [], quorum: 0 };
  const judged = await judgeCheckpoint(nodePrimitives, bytes, policy);
  assert.ok(judged.ok);
  const rows = await database.query<{ leaf_hash: Buffer }>(
    "SELECT leaf_hash FROM audit_leaves WHERE leaf_index < $1 ORDER BY leaf_index",
    [judged.value.size],
  );
  const { edge } = append(
    treeHashing,
    EMPTY_EDGE,
    rows.map(({ leaf_hash }) => leaf_hash),
  );
  assert.deepEqual(Buffer.from(judged.value.root), Buffer.from(rootOf(treeHashing, edge)));
  return judged.value;
}

test("what committed gets one place each, what rolled back none", async () => {
  await using log = await testLog();
  const sequencer = log.sequencer();
  const kept = await log.database.transaction((tx) => insertEntry(tx));
  await assert.rejects(
    log.database.transaction(async (tx) => {
      await insertEntry(tx);
      throw new Error("the act failed");
    }),
  );
  await sequencer.round();
  assert.deepEqual(await placedIds(log), [kept]);
  assert.equal((await checkedHead(log)).size, 1);
  assert.equal(await sequencer.round(), null);
});

test("a transaction that began early and commits late is not passed over", async () => {
  await using log = await testLog();
  const sequencer = log.sequencer();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: inserted, resolve: told } = Promise.withResolvers<string>();
  const late = log.database.transaction(async (tx) => {
    told(await insertEntry(tx));
    await gate;
  });
  const lateId = await inserted;
  const early = await insertEntry(log.database);
  await sequencer.round();
  assert.deepEqual(await placedIds(log), [early]);
  open();
  await late;
  await sequencer.round();
  assert.deepEqual(await placedIds(log), [early, lateId]);
  assert.equal((await checkedHead(log)).size, 2);
});

test("two sequencers and many writers make one log without a gap or a double", async () => {
  await using log = await testLog();
  const first = log.sequencer();
  const second = log.sequencer();
  const ids: string[] = [];
  const writers = Array.from({ length: 8 }, async () => {
    for (let i = 0; i < 40; i += 1) ids.push(await insertEntry(log.database));
  });
  let writing = true;
  const done = Promise.all(writers).then(() => {
    writing = false;
  });
  while (writing) await Promise.all([first.round(), second.round()]);
  await done;
  await first.round();
  await second.round();
  assert.deepEqual((await placedIds(log)).toSorted(), ids.toSorted());
  assert.equal((await checkedHead(log)).size, 320);
});

test("a sequencer started again goes on where the last one ended, across full tiles", async () => {
  await using log = await testLog();
  for (const count of [250, 6, 1, 300]) {
    await log.database.transaction(async (tx) => {
      for (let i = 0; i < count; i += 1) await insertEntry(tx);
    });
    await log.sequencer().round();
    await checkedHead(log);
  }
  const files = await readdir(join(log.directory, "tile/0"));
  assert.deepEqual(files.toSorted(), ["000", "001", "002.p"], "partial tiles go when the full one is there");
});

test("an entry proves its place without the database", async () => {
  await using log = await testLog();
  await log.database.transaction(async (tx) => {
    for (let i = 0; i < 300; i += 1) await insertEntry(tx);
  });
  await log.sequencer().round();
  const head = await checkedHead(log);
  const index = 77;
  const read = async (tile: Parameters<typeof tilePath>[0]) =>
    (await log.objects.get(tilePath(tile))) as Uint8Array;
  const proof = await rangeHashes(treeHashing, read, inclusionRanges(index, head.size), head.size);
  const bundle = await log.objects.get(entriesPath(0, tileWidth(0, 0, head.size)));
  const entry = unpackEntries(bundle as Uint8Array)?.[index] as Uint8Array;
  const checkpoint = (await log.objects.get("checkpoint")) as Uint8Array;
  const file = new TextEncoder().encode(formatProofFile({ index, proof, checkpoint, extra: null }));
  const policy = { origin: log.signer.origin, logKeys: [log.signer.key], witnessKeys: [], quorum: 0 };
  const judged = await judgeProof(nodePrimitives, entry, file, policy);
  assert.ok(judged.ok);
  assert.equal(judged.value.index, index);
  const other = unpackEntries(bundle as Uint8Array)?.[index + 1] as Uint8Array;
  assert.deepEqual(await judgeProof(nodePrimitives, other, file, policy), {
    ok: false,
    reason: "not-included",
  });
});

test("a database older than what was published stops the log", async () => {
  await using log = await testLog();
  await insertEntry(log.database);
  await insertEntry(log.database);
  await log.sequencer().round();
  await using restored = await testLog();
  await insertEntry(restored.database);
  await assert.rejects(restored.sequencer(log.objects).round(), { code: "log-rolled-back" });
  const shown = (await log.objects.get("checkpoint")) as Uint8Array;
  assert.equal(parseCheckpoint(`${new TextDecoder().decode(shown).split("\n\n")[0]}\n`)?.size, 2);
});

test("rows cannot be changed, removed before their time, or emptied", async () => {
  await using log = await testLog();
  await insertEntry(log.database);
  await log.sequencer().round();
  for (const statement of [
    "UPDATE audit_entries SET event_type = 'other'",
    "UPDATE audit_entries SET ip_address = '192.0.2.1'",
    "DELETE FROM audit_entries",
    "UPDATE audit_leaves SET leaf_index = 9",
    "DELETE FROM audit_leaves",
    "DELETE FROM audit_checkpoints",
    "TRUNCATE audit_entries",
    "TRUNCATE audit_leaves",
    "TRUNCATE audit_checkpoints",
  ]) {
    await assert.rejects(log.database.query(statement), /append-only/, statement);
  }
});
