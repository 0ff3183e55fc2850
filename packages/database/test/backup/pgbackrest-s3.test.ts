import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type PgBackRestBucket, pgBackRestEngine, type RestoreContext } from "@rempart/database/backup";
import { Secret } from "@rempart/runtime";
import { S3_IDENTITY, type S3Server, startS3 } from "@rempart/testing/s3";
import { PASSPHRASE, pgBackRestServer, programs, skip } from "./pgbackrest-kit.ts";

async function bucketOf(s3: S3Server, place: string): Promise<PgBackRestBucket> {
  const authorities = join(place, "authority.pem");
  await writeFile(authorities, s3.authority ?? "");
  return {
    bucket: s3.bucketName,
    region: "eu-west-3",
    prefix: "shop/pgbackrest",
    endpoint: new URL(s3.endpoint),
    pathStyle: true,
    authorities,
    credentials: {
      accessKeyId: S3_IDENTITY.accessKeyId,
      secretAccessKey: new Secret(S3_IDENTITY.secretAccessKey),
    },
  };
}

test("pgBackRest keeps its repository in S3, over TLS", { skip }, async (t) => {
  await using s3 = await startS3({ tls: true, unsummed: true });
  await using server = await pgBackRestServer((place) => bucketOf(s3, place));
  const { engine, database, place } = server;
  await database.query("CREATE TABLE rows AS SELECT generate_series(1, 1000) AS id");
  const { id } = await engine.run();
  await database.query("INSERT INTO rows VALUES (0)");
  await server.archived();
  const elsewhere = (changed: Partial<PgBackRestBucket>, bucket: PgBackRestBucket) =>
    pgBackRestEngine({
      repository: { ...bucket, ...changed },
      workDirectory: join(place, `work-${Object.keys(changed)}`),
      passphrase: new Secret(PASSPHRASE),
      programs,
    });
  const bucket = await bucketOf(s3, place);

  await t.test(
    "backups and log stand in the bucket, below their folder, and are found by another machine",
    async () => {
      assert.ok([...s3.bucket.objects.keys()].every((key) => key.startsWith("shop/pgbackrest/")));
      const other = elsewhere({}, bucket);
      const { newest, missingSegment, recoverableTo } = await other.status();
      assert.deepEqual([newest?.id, missingSegment], [id, null]);
      assert.ok(recoverableTo !== null);
      assert.deepEqual((await other.verify()).findings, []);
      let rows = 0;
      const count = {
        name: "count",
        run: async ({ database: restored }: RestoreContext) => {
          rows = (await restored.query("SELECT FROM rows")).length;
        },
      };
      await other.restore({ target: { kind: "latest" }, directory: join(place, "restored"), hooks: [count] });
      assert.equal(rows, 1_001);
    },
  );

  await t.test(
    "its credentials are in one file of the server's account, and on no command line",
    async () => {
      const work = join(place, "work");
      const told = Object.values(await engine.attach()).join(" ");
      assert.doesNotMatch(told, new RegExp(S3_IDENTITY.accessKeyId));
      const files = await readdir(work, { recursive: true, withFileTypes: true });
      const holding: string[] = [];
      for (const { parentPath, name } of files.filter((file) => file.isFile()))
        if ((await readFile(join(parentPath, name), "utf8")).includes(S3_IDENTITY.secretAccessKey))
          holding.push(name);
      assert.deepEqual(holding, ["pgbackrest.conf"]);
      const { mode, uid } = await stat(join(work, "pgbackrest.conf"));
      assert.deepEqual([mode & 0o777, uid], [0o600, (await stat(work)).uid]);
    },
  );

  await t.test(
    "a store with another certificate, and wrong credentials, are told nothing and believed nothing",
    async () => {
      const { authorities: _, ...trusted } = bucket;
      await assert.rejects(elsewhere({ patienceMs: 1_000 }, trusted).list(), {
        code: "repository-unavailable",
      });
      const credentials = { accessKeyId: "AKIANOBODY", secretAccessKey: new Secret("wrong") };
      await assert.rejects(elsewhere({ credentials }, bucket).list(), { code: "repository-unavailable" });
      const plain = elsewhere({ endpoint: new URL("http://localhost:1") }, bucket);
      await assert.rejects(plain.list(), /over https alone/);
    },
  );

  await t.test("an object that the store lost is named", async () => {
    const lost = [...s3.bucket.objects.keys()].find((key) => key.endsWith("/PG_VERSION.zst")) ?? "";
    s3.bucket.objects.delete(lost);
    const { findings } = await engine.verify();
    assert.deepEqual(
      findings.map(({ code }) => code),
      ["object-missing"],
    );
  });
});
