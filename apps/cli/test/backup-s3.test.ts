import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@rempart/testing";
import { S3_IDENTITY, startS3 } from "@rempart/testing/s3";
import { isBackedUp, rempart, workplace } from "./cli.ts";
import { type Ended, here } from "./here.ts";

async function told(command: Promise<Ended>, expected = 0): Promise<string> {
  const { code, out, said } = await command;
  assert.equal(code, expected, said);
  return out;
}

test("with S3 as its repository a messenger is backed up, drilled, pruned and restored", async () => {
  await using place = await workplace();
  await using s3 = await startS3();
  const env = {
    BACKUP_REPOSITORY: `s3://${s3.bucketName}/messenger`,
    BACKUP_S3_REGION: "eu-west-3",
    BACKUP_S3_ENDPOINT: s3.endpoint,
    BACKUP_S3_LOCK_DAYS: "30",
    AWS_ACCESS_KEY_ID: S3_IDENTITY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: S3_IDENTITY.secretAccessKey,
  };
  const run = (...args: string[]) => here(["backup", ...args], env, place.cwd);
  const server = rempart(["up"], { ...place, env });
  await server.serving();

  const prefix = "messenger/";
  const names = () => [...s3.bucket.objects.keys()].map((key) => ({ name: key.slice(prefix.length) }));
  await until(() => isBackedUp(names()));

  assert.match(await told(run("run")), /^\d{8}T\d{6}Z-[0-9a-f]{8}: /);
  const manifest = [...s3.bucket.objects].find(([key]) => key.endsWith("/manifest"));
  assert.match(manifest?.[0] ?? "", /^messenger\/backups\//);
  assert.equal(manifest?.[1].lock?.mode, "COMPLIANCE");

  const drilled = await told(run("drill"));
  assert.match(
    drilled,
    /was restored and found whole[\s\S]*recovery time +\d+\.\d{3} s[\s\S]*audit log +passed/,
  );
  assert.match(await told(run("status")), /last drill +\S+ passed: recovery time/);
  assert.match(await told(run("prune", "--dry-run")), /would free/);

  server.child.kill("SIGTERM");
  assert.equal(await server.ended, 0);
  assert.match(await told(run("restore", "latest", "--yes")), /is restored, up to/);
});

test("a drill without a backup fails, is told, and is remembered", async () => {
  await using place = await workplace();
  const server = rempart(["up"], place);
  await server.serving();
  server.child.kill("SIGTERM");
  assert.equal(await server.ended, 0);
  const env = { BACKUP_REPOSITORY: `file:${place.cwd}/empty` };
  const run = (...args: string[]) => here(["backup", ...args], env, place.cwd);
  assert.match(await told(run("drill"), 1), /The drill FAILED: there is no whole backup/);
  assert.match(await told(run("status"), 1), /last drill +\S+ FAILED: there is no whole backup/);
});
