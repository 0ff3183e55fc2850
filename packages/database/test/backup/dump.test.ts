import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createDatabase } from "@rempart/database";
import {
  type DumpEngine,
  type DumpEngineOptions,
  directoryRepository,
  dumpEngine,
  type RestoreContext,
  s3Repository,
} from "@rempart/database/backup";
import { systemClock } from "@rempart/kernel";
import { Secret } from "@rempart/runtime";
import { requireService, scratchPlace, startDebianPostgres } from "@rempart/testing";
import { S3_IDENTITY, startS3 } from "@rempart/testing/s3";
import { type EngineUnderTest, engineContract } from "./engine-contract.ts";
import { keyringIn } from "./kit.ts";

const service = await requireService("postgres");
const { skip } = service;
const programs = { postgres: join(dirname(service.path ?? ""), "..", "bin", "postgres") };

interface Server extends EngineUnderTest {
  readonly engine: DumpEngine;
  readonly url: string;
  readonly parts: DumpEngineOptions;
  readonly place: string;
}

async function open(): Promise<Server> {
  const place = await mkdtemp(join(await scratchPlace(), "rempart-dump-"));
  await chmod(place, 0o711);
  const server = await startDebianPostgres({ service: "postgres" });
  const database = createDatabase({ url: server.url });
  const sealing = keyringIn(join(place, "key"));
  const parts = {
    repository: directoryRepository(join(place, "repository")),
    sealing,
    source: new Secret(server.url),
    programs,
  };
  return {
    engine: dumpEngine(parts),
    parts,
    place,
    database,
    url: server.url,
    scratch: join(place, "places"),
    unseen: ["row counts"],
    archived: async () => {},
    async [Symbol.asyncDispose]() {
      await database.close();
      await server.stop();
      sealing[Symbol.dispose]();
      await rm(place, { recursive: true, force: true });
    },
  };
}

if (skip) test("PostgreSQL 15 is dumped", { skip }, () => {});
else engineContract("dump, PostgreSQL 15", open);

test("a dump goes into an empty database of a running server, and into no other", { skip }, async () => {
  await using server = await open();
  const { database, engine } = server;
  await database.query("CREATE ROLE app LOGIN");
  await database.query("CREATE TABLE people (name text)");
  await database.query("ALTER TABLE people OWNER TO app");
  await database.query("INSERT INTO people VALUES ('Ada'), ('Grace')");
  const { id } = await engine.run();
  await database.query("CREATE DATABASE other");
  const url = server.url.replace(/\/postgres$/, "/other");
  const done = await engine.restoreInto({ url });
  assert.equal(done.backup, id);
  const other = createDatabase({ url });
  const rows = await other.query(
    "SELECT name, pg_get_userbyid(relowner) AS owner FROM people, pg_class WHERE oid = 'people'::regclass",
  );
  await other.close();
  assert.deepEqual(rows, [
    { name: "Ada", owner: "app" },
    { name: "Grace", owner: "app" },
  ]);
  await assert.rejects(engine.restoreInto({ url }), { code: "target-not-empty" });
});

test("a dump of another database comes back under its name, and one that was altered does not", {
  skip,
}, async () => {
  await using server = await open();
  const { database, engine, place } = server;
  await database.query("CREATE ROLE keeper LOGIN");
  await database.query("CREATE DATABASE shop OWNER keeper");
  const url = server.url.replace(/\/postgres$/, "/shop");
  const shop = createDatabase({ url });
  await shop.query("CREATE TABLE goods AS SELECT generate_series(1, 100) AS id");
  await shop.query("ALTER TABLE goods OWNER TO keeper");
  await shop.close();
  const dumps = dumpEngine({ ...server.parts, source: new Secret(url) });
  const { id } = await dumps.run();
  let found: object[] = [];
  const look = {
    name: "look",
    run: async ({ open: reach }: RestoreContext) => {
      found = await reach("keeper", "shop").query("SELECT count(*)::int AS n FROM goods");
    },
  };
  const target = { kind: "latest" } as const;
  await dumps.restore({ target, directory: join(place, "restored"), hooks: [look] });
  assert.deepEqual(found, [{ n: 100 }]);

  const file = join(place, "repository", "dumps", id, "files", "toc.dat");
  const whole = await readFile(file);
  const altered = Buffer.from(whole);
  altered.writeUInt8(altered.readUInt8(200) ^ 1, 200);
  await writeFile(file, altered);
  const { findings, recoverableTo } = await engine.verify();
  assert.deepEqual(
    findings.map(({ code, name }) => [code, name]),
    [["object-altered", `dumps/${id}/files/toc.dat`]],
  );
  assert.equal(recoverableTo, null);
  const refused = engine.restore({ target, directory: join(place, "none") });
  await assert.rejects(refused, { code: "object-altered" });
});

test("a dump stands in S3 file by file, verifies there, and is loaded from there", { skip }, async () => {
  await using server = await open();
  await using s3 = await startS3({ pageSize: 3 });
  process.env.AWS_ACCESS_KEY_ID = S3_IDENTITY.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = S3_IDENTITY.secretAccessKey;
  const { endpoint, bucketName: bucket } = s3;
  const repository = s3Repository({ bucket, region: "eu-west-3", endpoint, pathStyle: true });
  const engine = dumpEngine({ ...server.parts, repository });
  await server.database.query("CREATE TABLE goods AS SELECT generate_series(1, 100) AS id");
  const taken = await engine.run();
  assert.deepEqual(await engine.list(), [taken]);
  assert.deepEqual((await engine.verify()).findings, []);
  await server.database.query("CREATE DATABASE other");
  const url = server.url.replace(/\/postgres$/, "/other");
  await engine.restoreInto({ url });
  const other = createDatabase({ url });
  assert.equal((await other.query("SELECT FROM goods")).length, 100);
  await other.close();
  const [lost = ""] = [...s3.bucket.objects.keys()].filter((key) => key.endsWith("/files/toc.dat"));
  s3.bucket.objects.delete(lost);
  assert.deepEqual(
    (await engine.verify()).findings.map(({ code, name }) => [code, name]),
    [["object-missing", lost]],
  );
});

test("programs that are older than the server are refused before anything is written", { skip }, async () => {
  await using server = await open();
  const clients = join(server.place, "old");
  await mkdir(clients);
  await writeFile(join(clients, "pg_dump"), "#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.5'\n", { mode: 0o755 });
  const old = dumpEngine({ ...server.parts, programs: { ...programs, clients } });
  await assert.rejects(old.run(), /pg_dump is of PostgreSQL 14 and 15 is needed/);
  assert.deepEqual(await old.list(), []);
  const none = dumpEngine({ ...server.parts, programs: { clients: join(server.place, "nowhere") } });
  await assert.rejects(none.run(), { code: "program-missing" });
});

test("dumps that have outlived their time go, and a damaged one stands in the way of no other", {
  skip,
}, async () => {
  await using server = await open();
  const { parts } = server;
  const take = () => server.engine.run();
  const [oldest, older, newest] = [await take(), await take(), await take()];
  const inAYear = { ...systemClock, now: () => systemClock.now() + 365 * 86_400_000 };
  const engine = dumpEngine({ ...parts, clock: inAYear });
  const policy = { keepMs: 1, archiveMs: 0 };
  const planned = await engine.prune({ policy, dryRun: true });
  assert.deepEqual([planned.removed, planned.kept], [[oldest.id], [older.id, newest.id]]);
  assert.equal((await engine.prune({ policy })).bytes, planned.bytes);
  assert.deepEqual(await engine.list(), [older, newest]);
  await writeFile(join(server.place, "repository", "dumps", newest.id, "manifest"), "not what was sealed");
  const looking = dumpEngine({ repository: parts.repository, sealing: parts.sealing });
  assert.deepEqual((await looking.status()).newest, older);
  await assert.rejects(looking.prune({ policy }), { code: "object-altered" });
});
