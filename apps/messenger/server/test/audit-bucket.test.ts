import assert from "node:assert/strict";
import { test } from "node:test";
import { nodePrimitives, signerKeys, verifyLog } from "@rempart/audit";
import { until } from "@rempart/testing";
import { S3_IDENTITY, startS3 } from "@rempart/testing/s3";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

test("two processes without a common disk publish one log into a bucket, and both serve it", async () => {
  process.env.AWS_ACCESS_KEY_ID = S3_IDENTITY.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = S3_IDENTITY.secretAccessKey;
  await using bucket = await startS3();
  const env = {
    AUDIT_REPOSITORY: `s3://${bucket.bucketName}/chat`,
    AUDIT_S3_REGION: "eu-west-3",
    AUDIT_S3_ENDPOINT: bucket.endpoint,
  };
  await using server = await testMessenger({ env });
  await using sibling = await server.sibling();
  const people = [server, sibling, server].map(({ publicUrl }, i) => Person.arrive(publicUrl, `person${i}`));
  await Promise.all(people);
  const { database } = server.storage;
  await until(async () => {
    const [row] = await database.query<{ waiting: boolean }>(
      `SELECT (SELECT count(*) FROM audit_entries) > coalesce((SELECT max(size) FROM audit_checkpoints), 0) AS waiting`,
    );
    return row?.waiting === false;
  });
  await using installation = await server.installation();
  const logKeys = await signerKeys(database);
  const report = await verifyLog({
    database,
    objects: installation.auditObjects,
    primitives: nodePrimitives,
    policy: { origin: logKeys[0]?.name ?? "", logKeys, witnessKeys: [], quorum: 0 },
    now: Date.now(),
  });
  assert.deepEqual(report.findings, []);
  assert.ok(report.checked >= 3);
  const served = await Promise.all(
    [server, sibling].map(async ({ adminUrl }) => {
      const response = await fetch(`${adminUrl}/audit/checkpoint`);
      assert.deepEqual([response.status, response.headers.get("cache-control")], [200, "no-cache"]);
      return response.text();
    }),
  );
  assert.equal(served[0], served[1]);
});
