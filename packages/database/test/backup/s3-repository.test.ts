import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type BackupErrorCode, type Repository, s3Repository } from "@rempart/database/backup";
import { hasCode, manualClock } from "@rempart/kernel";
import { S3_IDENTITY, type S3Fault, type S3Request, type S3Server, startS3 } from "@rempart/testing/s3";
import { once } from "../../src/backup/sealed/objects.ts";
import { scratchDirectory } from "../fixtures/run.ts";
import { repositoryContract } from "./repository-contract.ts";

const MIB = 2 ** 20;
/** Of the library's own agent. */
const MOST_CONNECTIONS = 50;
let server: S3Server;
let count = 0;

before(async () => {
  process.env.AWS_ACCESS_KEY_ID = S3_IDENTITY.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = S3_IDENTITY.secretAccessKey;
  server = await startS3({ pageSize: 3 });
});
after(() => server[Symbol.asyncDispose]());

function open(options: Partial<Parameters<typeof s3Repository>[0]> = {}): Repository & { prefix: string } {
  count += 1;
  const prefix = `place-${count}/`;
  server.fault = () => null;
  const { endpoint, bucketName: bucket } = server;
  const settings = { bucket, region: "eu-west-3", endpoint, pathStyle: true, idleMs: 1_000, prefix };
  return { ...s3Repository({ ...settings, ...options }), prefix };
}

repositoryContract("S3", async () => open());

/** The next requests by this method go wrong. */
function failNext(method: string, fault: S3Fault, times: number): void {
  let left = times;
  server.fault = (request) => {
    if (request.method !== method || left === 0) return null;
    left -= 1;
    return fault;
  };
}

async function refused(work: Promise<unknown>, code: BackupErrorCode): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(hasCode(error, code), String(error));
    return true;
  });
}

async function content(repository: Repository, name: string): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(await repository.get(name)));
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700_000) yield bytes.subarray(at, at + 700_000);
}

test("a large object goes in parts and comes back whole; of two who create it one succeeds", async () => {
  const repository = open();
  const [one, two] = [randomBytes(21 * MIB), randomBytes(17 * MIB)];
  await repository.put("backups/pack", pieces(one), { ifAbsent: true });
  await refused(repository.put("backups/pack", pieces(two), { ifAbsent: true }), "object-exists");
  assert.ok((await content(repository, "backups/pack")).equals(one));
  assert.equal(server.bucket.uploads.size, 0, "what was refused leaves no parts");
});

test("a store that fails, hangs or breaks off is asked again, and then told", async (t) => {
  for (const fault of ["failing", "slow-down", "hanging", "unheard"] as const)
    await t.test(fault, async () => {
      const repository = open({ idleMs: 250 });
      failNext("PUT", fault, 1);
      await repository.put("wal/a", once(Buffer.from("a")));
      assert.equal(String(await content(repository, "wal/a")), "a");
      failNext("PUT", fault, 99);
      await refused(repository.put("wal/b", once(Buffer.from("b"))), "repository-unavailable");
      server.fault = () => null;
      await refused(repository.get("wal/b"), "object-missing");
    });
});

test("what was stored although the answer was lost is not taken for somebody else's", async () => {
  const repository = open();
  failNext("PUT", "unanswered", 1);
  await repository.put("locks/1", once(Buffer.from("mine")), { ifAbsent: true });
  assert.equal(String(await content(repository, "locks/1")), "mine");
  await refused(repository.put("locks/1", once(Buffer.from("theirs")), { ifAbsent: true }), "object-exists");
  const large = randomBytes(9 * MIB);
  server.fault = answerLostOnce(({ method, query }) => method === "POST" && query.has("uploadId"));
  await repository.put("backups/pack", pieces(large), { ifAbsent: true });
  assert.ok((await content(repository, "backups/pack")).equals(large));
});

function answerLostOnce(chosen: (request: S3Request) => boolean): S3Server["fault"] {
  let lost = false;
  return (request) => {
    if (lost || !chosen(request)) return null;
    lost = true;
    return "unanswered";
  };
}

test("without the store's word for the checksum nothing counts as stored", async () => {
  const repository = open();
  failNext("PUT", "unconfirmed", 1);
  await refused(repository.put("wal/a", once(Buffer.from("a"))), "repository-unavailable");
  failNext("POST", "unconfirmed", 2);
  await refused(repository.put("wal/b", pieces(randomBytes(9 * MIB))), "repository-unavailable");
});

test("an answer that is cut is a failure, and never a shorter object", async () => {
  const repository = open();
  await repository.put("wal/a", once(randomBytes(300_000)));
  failNext("GET", "cut", 99);
  await refused(content(repository, "wal/a"), "repository-unavailable");
});

test("a failure in the middle of a list is not the end of it", async () => {
  const repository = open();
  for (let i = 0; i < 10; i += 1) await repository.put(`wal/${i}`, once(Buffer.from("x")));
  let pages = 0;
  server.fault = ({ query }) => {
    if (!query.has("list-type")) return null;
    pages += 1;
    return pages > 2 ? "failing" : null;
  };
  await refused(Array.fromAsync(repository.list("wal/")), "repository-unavailable");
  server.fault = () => null;
  assert.equal((await Array.fromAsync(repository.list("wal/"))).length, 10);
});

test("backups and log are locked against removal where that is asked for; locks and tips are not", async () => {
  const lock = { mode: "COMPLIANCE", days: 30 } as const;
  const now = Date.UTC(2026, 10, 21);
  count += 1;
  const prefix = `locked-${count}/`;
  const { endpoint, bucketName: bucket } = server;
  const settings = { bucket, region: "eu-west-3", endpoint, pathStyle: true, prefix, lock };
  const repository = s3Repository(settings, manualClock(now));
  for (const name of ["backups/x/manifest", "wal/1/a"]) {
    await repository.put(name, once(Buffer.from("x")));
    assert.deepEqual(server.bucket.objects.get(prefix + name)?.lock, {
      mode: "COMPLIANCE",
      until: "2026-12-21T00:00:00Z",
    });
  }
  await repository.put("locks/1", once(Buffer.from("x")));
  assert.equal(server.bucket.objects.get(`${prefix}locks/1`)?.lock, null);
});

test("storage classes: new objects in one, archived ones in another, and both are read", async () => {
  const repository = open({ storageClass: "STANDARD_IA" });
  await repository.put("backups/x/pack-0", once(Buffer.from("x")));
  const classOf = () => server.bucket.objects.get(`${repository.prefix}backups/x/pack-0`)?.storageClass;
  assert.equal(classOf(), "STANDARD_IA");
  await repository.archive?.("backups/x/pack-0");
  assert.equal(classOf(), "GLACIER_IR");
  assert.deepEqual(
    (await Array.fromAsync(repository.list(""))).map(({ archived }) => archived),
    [true],
  );
  assert.equal(String(await content(repository, "backups/x/pack-0")), "x");
});

test("parts that a killed writer left are removed once they are old", async () => {
  const repository = open();
  const key = `${repository.prefix}backups/half`;
  server.bucket.begin({ key, storageClass: "STANDARD", lock: null });
  await repository.tidy(Date.now() - 60_000);
  assert.equal(server.bucket.uploads.size, 1);
  await repository.tidy(Date.now() + 60_000);
  assert.equal(server.bucket.uploads.size, 0);
});

test("wrong credentials and a bucket that is not there are told, and no secret with them", async () => {
  process.env.AWS_SECRET_ACCESS_KEY = "wrong-secret-of-somebody-else";
  const stranger = open();
  await assert.rejects(stranger.put("wal/a", once(Buffer.from("a"))), (error) => {
    assert.ok(hasCode(error, "repository-unavailable"));
    assert.doesNotMatch(String(error), /wrong-secret/);
    return true;
  });
  process.env.AWS_SECRET_ACCESS_KEY = S3_IDENTITY.secretAccessKey;
  await refused(open({ bucket: "elsewhere" }).put("wal/a", once(Buffer.from("a"))), "repository-unavailable");
});

test("a store whose certificate is of an authority of its own is believed by that, and by nothing else", async () => {
  await using own = await startS3({ tls: true });
  const authorities = join(await scratchDirectory(), "authority.pem");
  await writeFile(authorities, own.authority ?? "");
  const place = { bucket: own.bucketName, region: "eu-west-3", endpoint: own.endpoint, pathStyle: true };
  const trusting = s3Repository({ ...place, authorities });
  await trusting.put("a", once(Buffer.from("content")));
  assert.deepEqual(
    (await Array.fromAsync(trusting.list(""))).map(({ name }) => name),
    ["a"],
  );
  await assert.rejects(s3Repository(place).get("a"), { code: "repository-unavailable" });
});

test("a comparison that ends early gives its connection back", async () => {
  const repository = open({ idleMs: 60_000 });
  await repository.put("head", once(randomBytes(MIB / 2)));
  for (let i = 0; i < MOST_CONNECTIONS + 1; i += 1)
    await refused(
      repository.put("head", once(Buffer.from("new")), { ifSame: Buffer.alloc(0) }),
      "object-exists",
    );
});
