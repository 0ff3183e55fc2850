import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pruneBackups, s3Repository } from "@rempart/database/backup";
import { hasCode, manualClock } from "@rempart/kernel";
import { until } from "@rempart/testing";
import { S3_IDENTITY, type S3Server, type StoredObject, startS3 } from "@rempart/testing/s3";
import { type BackedUpServer, backedUpServer, endSegment } from "./kit.ts";

let s3: S3Server;
let server: BackedUpServer;

before(async () => {
  process.env.AWS_ACCESS_KEY_ID = S3_IDENTITY.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = S3_IDENTITY.secretAccessKey;
  s3 = await startS3({ pageSize: 5 });
  const { endpoint, bucketName: bucket } = s3;
  const repository = s3Repository({ bucket, region: "eu-west-3", endpoint, pathStyle: true });
  server = await backedUpServer({ wrap: () => repository });
  await server.database.query("CREATE TABLE rows AS SELECT i AS id FROM generate_series(1, 1000) i");
  await server.engine.run();
});
after(async () => {
  await server.stop();
  await s3[Symbol.asyncDispose]();
});

async function insertAndArchive(): Promise<void> {
  await server.database.query("INSERT INTO rows VALUES (0)");
  await server.archived();
}

test("what is in S3 verifies, and is restored with all of the log", async () => {
  await insertAndArchive();
  assert.deepEqual((await server.engine.verify()).findings, []);
  let rows = 0;
  const hook = {
    name: "read",
    async run({ database }: { database: BackedUpServer["database"] }) {
      rows = (await database.query("SELECT FROM rows")).length;
    },
  };
  const directory = join(server.scratch, "restored");
  await server.engine.restore({ target: { kind: "latest" }, directory, hooks: [hook] });
  assert.equal(rows, 1_001);
});

test("while the store fails, or does not confirm, PostgreSQL is not told that a segment is safe", async (t) => {
  for (const fault of ["failing", "unconfirmed", "unheard"] as const)
    await t.test(fault, async () => {
      s3.fault = ({ method, key }) => (method === "PUT" && key.startsWith("wal/") ? fault : null);
      await server.database.query("INSERT INTO rows VALUES (0)");
      const name = await endSegment(server.database);
      await until(async () => (await toldToServer()).failed === name);
      assert.ok((await toldToServer()).archived < name);
      s3.fault = () => null;
      await server.archived();
    });
  assert.deepEqual((await server.engine.verify()).findings, [], "and in the end nothing is missing");
});

interface Told {
  archived: string;
  failed: string | null;
}

/** The last segment of which the server believes that it is safe, and that it is not. It knows a moment after we do. */
async function toldToServer(): Promise<Told> {
  const [row] = await server.database.query<Told>(
    "SELECT last_archived_wal AS archived, last_failed_wal AS failed FROM pg_stat_archiver",
  );
  return row as Told;
}

/** Of the objects that a restore needs, one of the backup and one of the log. */
function needed(): [string, StoredObject][] {
  const names = [...s3.bucket.objects.keys()].filter((key) => !/history|backup$/.test(key));
  const pack = names.find((key) => key.includes("/pack-")) ?? "";
  const segment = names.filter((key) => key.startsWith("wal/")).at(-2) ?? "";
  return [pack, segment].map((key) => [key, s3.bucket.objects.get(key) as StoredObject]);
}

const DAMAGES = {
  lost: () => null,
  truncated: (body: Buffer) => body.subarray(0, body.length - 100),
  altered: (body: Buffer) => {
    const changed = Buffer.from(body);
    changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 1;
    return changed;
  },
};

test("an object that the store lost, cut or changed is named by verify, and refused by restore", async (t) => {
  for (const [name, damage] of Object.entries(DAMAGES))
    await t.test(name, async () => {
      for (const [key, object] of needed()) {
        const body = damage(object.body);
        if (body === null) s3.bucket.objects.delete(key);
        else s3.bucket.objects.set(key, { ...object, body });
        const { findings } = await server.engine.verify();
        assert.ok(
          findings.some((finding) => key.endsWith(finding.name)),
          `${key}: ${JSON.stringify(findings)}`,
        );
        const directory = join(server.scratch, `refused-${name}`);
        await assert.rejects(server.engine.restore({ target: { kind: "latest" }, directory }), (error) =>
          ["object-missing", "object-altered", "wal-gap"].some((code) => hasCode(error, code)),
        );
        s3.bucket.objects.set(key, object);
      }
    });
  assert.deepEqual((await server.engine.verify()).findings, []);
});

test("a list that is old makes the recovery point older, never newer, and prunes nothing that is new", async () => {
  const before = await server.engine.status();
  s3.bucket.freezeLists(true);
  for (let i = 0; i < 2; i += 1) {
    await server.database.query("INSERT INTO rows VALUES (0)");
    const name = await endSegment(server.database);
    await until(async () => (await toldToServer()).archived >= name);
  }
  const status = await server.engine.status();
  assert.equal(status.recoverableTo, before.recoverableTo);
  const there = [...s3.bucket.objects.keys()].filter((key) => !key.startsWith("locks/"));
  await pruneBackups(server, {
    policy: { keepMs: 1, archiveMs: 0 },
    clock: manualClock(Date.now() + 60_000),
  });
  s3.bucket.freezeLists(false);
  const gone = there.filter((key) => !s3.bucket.objects.has(key));
  for (const key of gone) assert.match(key, /^wal\//, "nothing but log from before the backup");
  assert.deepEqual((await server.engine.verify()).findings, []);
});
