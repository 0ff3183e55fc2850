import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directoryRepository, s3Repository } from "@rempart/database/backup";
import { S3_IDENTITY, type S3Fault, type S3Server, startS3 } from "@rempart/testing/s3";
import { nodePrimitives } from "../src/node-primitives.ts";
import { directoryStore } from "../src/objects/directory.ts";
import { repositoryStore } from "../src/objects/repository.ts";
import type { ObjectStore } from "../src/ports.ts";
import type { FindingKind } from "../src/verification/finding.ts";
import { verifyLog } from "../src/verification/verify-log.ts";
import { insertEntry, type TestLog, testLog } from "./log.ts";
import { objectStoreContract } from "./object-store-contract.ts";

let server: S3Server;
let place: string;
let count = 0;

before(async () => {
  process.env.AWS_ACCESS_KEY_ID = S3_IDENTITY.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = S3_IDENTITY.secretAccessKey;
  server = await startS3({ pageSize: 3 });
  place = await mkdtemp(join(tmpdir(), "rempart-objects-"));
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await rm(place, { recursive: true });
});

function fresh(): string {
  count += 1;
  return `place-${count}`;
}

function bucketStore(prefix = fresh()): ObjectStore {
  server.fault = () => null;
  const { endpoint, bucketName: bucket } = server;
  const options = { bucket, region: "eu-west-3", endpoint, pathStyle: true, idleMs: 250, prefix };
  return repositoryStore(s3Repository(options));
}

objectStoreContract("directory", async () => directoryStore(join(place, fresh())));
objectStoreContract("a repository's directory", async () =>
  repositoryStore(directoryRepository(join(place, fresh()))),
);
objectStoreContract("S3", async () => bucketStore());

/** The next `times` requests by this method for this object go wrong. */
function failNext(method: string, name: string, fault: S3Fault, times: number): void {
  let left = times;
  server.fault = (request) => {
    if (request.method !== method || !request.key.endsWith(`/${name}`) || left === 0) return null;
    left -= 1;
    return fault;
  };
}

async function findings({ database, signer }: TestLog, objects: ObjectStore): Promise<FindingKind[]> {
  const policy = { origin: signer.origin, logKeys: [signer.key], witnessKeys: [], quorum: 0 };
  const report = await verifyLog({ database, objects, primitives: nodePrimitives, policy, now: Date.now() });
  return report.findings.map(({ kind }) => kind);
}

/** All findings are gone but one kind: bare entries are not what their leaves say. */
async function treeFindings(log: TestLog, objects: ObjectStore): Promise<FindingKind[]> {
  return (await findings(log, objects)).filter((kind) => kind !== "entry-altered");
}

test("a log is published into a bucket, with headers for who is sent there, and a store that fails holds it up", async (t) => {
  await using log = await testLog();
  const prefix = fresh();
  const store = bucketStore(prefix);
  const sequencer = log.sequencer(store);
  await insertEntry(log.database);
  await sequencer.round();
  const cacheOf = (name: string) => server.bucket.objects.get(`${prefix}/${name}`)?.cacheControl;
  assert.equal(cacheOf("checkpoint"), "no-cache");
  assert.equal(cacheOf("tile/0/000.p/1"), "public, max-age=31536000, immutable");
  for (const [method, fault] of [
    ["PUT", "failing"],
    ["PUT", "hanging"],
    ["GET", "cut"],
  ] as const)
    await t.test(`${method} ${fault}`, async () => {
      await insertEntry(log.database);
      failNext(method, "checkpoint", fault, 99);
      await assert.rejects(sequencer.round());
      server.fault = () => null;
      await sequencer.round();
      assert.deepEqual(await treeFindings(log, store), []);
    });
});

test("a head whose answer was lost is shown once, and the log goes on", async () => {
  await using log = await testLog();
  const store = bucketStore();
  const sequencer = log.sequencer(store);
  await insertEntry(log.database);
  await sequencer.round();
  await insertEntry(log.database);
  failNext("PUT", "checkpoint", "unanswered", 1);
  assert.equal((await sequencer.round())?.size, 2);
  assert.deepEqual(await treeFindings(log, store), []);
});

test("an object that was changed in the bucket is found, and nothing is built upon what was cut", async () => {
  await using log = await testLog();
  const prefix = fresh();
  const store = bucketStore(prefix);
  const sequencer = log.sequencer(store);
  for (let i = 0; i < 3; i += 1) await insertEntry(log.database);
  await sequencer.round();
  await sequencer.stop();
  const key = `${prefix}/tile/0/000.p/3`;
  const tile = server.bucket.objects.get(key);
  assert.ok(tile);
  server.bucket.objects.set(key, { ...tile, body: Buffer.from(tile.body.map((byte) => byte ^ 1)) });
  assert.notDeepEqual(await treeFindings(log, store), []);
  server.bucket.objects.set(key, { ...tile, body: tile.body.subarray(0, 40) });
  await insertEntry(log.database);
  const next = log.sequencer(store);
  await assert.rejects(next.round(), { code: "missing-tile" });
});

test("a process that was overtaken while it published takes back nothing that was shown", async () => {
  await using log = await testLog();
  const store = bucketStore();
  const first = log.sequencer(store);
  await insertEntry(log.database);
  await first.round();
  await insertEntry(log.database);
  const late: ObjectStore = {
    ...store,
    async replace(path, content, expected) {
      // Its connection was lost, another process took the lock and published.
      const shown = (await store.get(path)) ?? new Uint8Array(0);
      await store.put(path, Buffer.concat([shown, Buffer.from("— witness.example/w1 AAAAAAE=\n")]));
      return store.replace(path, content, expected);
    },
  };
  const overtaken = log.sequencer(late);
  await assert.rejects(overtaken.round(), { code: "overtaken" });
  await overtaken.stop();
  assert.match(
    String(Buffer.from((await store.get("checkpoint")) ?? [])),
    /^[^\n]+\n1\n[\s\S]*\/w1 AAAAAAE=\n$/,
  );
  await log.sequencer(store).round();
  assert.match(String(Buffer.from((await store.get("checkpoint")) ?? [])), /^[^\n]+\n2\n/);
  assert.deepEqual(await treeFindings(log, store), []);
});
