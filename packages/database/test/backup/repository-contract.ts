import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { Repository } from "@rempart/database/backup";
import { hasCode } from "@rempart/kernel";

/** What every `Repository` keeps its word on. `open` gives an empty one each time. */
export function repositoryContract(name: string, open: () => Promise<Repository>): void {
  test(`${name}: gives back what was put, whole and in part`, async () => {
    const repository = await open();
    const content = randomBytes(300_000);
    await repository.put("a/b/one", pieces(content, 70_000));
    assert.deepEqual(await read(repository, "a/b/one"), content);
    assert.deepEqual(await read(repository, "a/b/one", 10, 20), content.subarray(10, 20));
    assert.deepEqual(await read(repository, "a/b/one", 299_990), content.subarray(299_990));
    assert.deepEqual(await read(repository, "a/b/one", 100, 999_999_999), content.subarray(100));
  });

  test(`${name}: an empty object is an object`, async () => {
    const repository = await open();
    await repository.put("empty", pieces(Buffer.alloc(0), 1));
    assert.deepEqual(await read(repository, "empty"), Buffer.alloc(0));
    assert.deepEqual(await names(repository, ""), ["empty"]);
  });

  test(`${name}: put replaces, and with ifAbsent it does not`, async () => {
    const repository = await open();
    await repository.put("x", pieces(Buffer.from("one")));
    await repository.put("x", pieces(Buffer.from("two")));
    const refused = repository.put("x", pieces(Buffer.from("three")), { ifAbsent: true });
    await assert.rejects(refused, (error) => hasCode(error, "object-exists"));
    assert.equal(String(await read(repository, "x")), "two");
  });

  test(`${name}: what was replaced meanwhile is not replaced`, async () => {
    const repository = await open();
    const [one, two] = [Buffer.from("one"), Buffer.from("two")];
    const missing = repository.put("head", pieces(two), { ifSame: one });
    await assert.rejects(missing, (error) => hasCode(error, "object-missing"));
    await repository.put("head", pieces(one));
    await repository.put("head", pieces(two), { ifSame: one });
    for (const expected of [one, Buffer.from("TWO"), Buffer.alloc(0)]) {
      const refused = repository.put("head", pieces(one), { ifSame: expected });
      await assert.rejects(refused, (error) => hasCode(error, "object-exists"));
    }
    const tries = Array.from({ length: 8 }, (_, index) =>
      repository.put("head", pieces(Buffer.from(String(index))), { ifSame: two }),
    );
    const outcomes = await Promise.allSettled(tries);
    const winners = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [String(index)] : []));
    assert.deepEqual([String(await read(repository, "head"))], winners);
  });

  test(`${name}: of many who create the same object at once, one succeeds`, async () => {
    const repository = await open();
    const tries = Array.from({ length: 8 }, (_, index) =>
      repository.put("lock", pieces(Buffer.from(String(index))), { ifAbsent: true }),
    );
    const outcomes = await Promise.allSettled(tries);
    const winners = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [String(index)] : []));
    assert.deepEqual([String(await read(repository, "lock"))], winners);
  });

  test(`${name}: what is missing is told at once`, async () => {
    const repository = await open();
    await assert.rejects(repository.get("nothing/here"), (error) => hasCode(error, "object-missing"));
    await repository.delete("nothing/here");
  });

  test(`${name}: a put whose source fails leaves nothing, nor changes what was there`, async () => {
    const repository = await open();
    await repository.put("kept", pieces(Buffer.from("before")));
    for (const name of ["kept", "new"])
      await assert.rejects(repository.put(name, failing()), (error) => error === failure);
    assert.equal(String(await read(repository, "kept")), "before");
    assert.deepEqual(await names(repository, ""), ["kept"]);
  });

  test(`${name}: lists by prefix, in order, with sizes`, async () => {
    const repository = await open();
    for (const name of ["wal/1/b", "wal/1/a", "wal/1.x", "wal/10/a", "backups/z", "wal/1-2"])
      await repository.put(name, pieces(Buffer.from(name)));
    assert.deepEqual(await names(repository, "wal/1"), [
      "wal/1-2",
      "wal/1.x",
      "wal/1/a",
      "wal/1/b",
      "wal/10/a",
    ]);
    assert.deepEqual(await names(repository, "wal/1/"), ["wal/1/a", "wal/1/b"]);
    assert.deepEqual(await names(repository, "none/"), []);
    const [first] = await Array.fromAsync(repository.list("backups/"));
    assert.equal(first?.size, "backups/z".length);
    assert.ok(Math.abs((first?.modifiedAt ?? 0) - Date.now()) < 60_000);
  });

  test(`${name}: what was deleted is gone`, async () => {
    const repository = await open();
    await repository.put("a/x", pieces(Buffer.from("x")));
    await repository.delete("a/x");
    assert.deepEqual(await names(repository, ""), []);
    await assert.rejects(repository.get("a/x"), (error) => hasCode(error, "object-missing"));
  });

  test(`${name}: a name that leads elsewhere is a mistake`, async () => {
    const repository = await open();
    for (const name of ["../x", "/x", "a//b", "a/../b", ".hidden", "a/.b", "", "x\0", "x".repeat(201)]) {
      await assert.rejects(async () => repository.put(name, pieces(Buffer.from("x"))), TypeError, name);
      await assert.rejects(async () => repository.get(name), TypeError, name);
    }
  });
}

const failure = new Error("the source failed");

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("half");
  throw failure;
}

async function* pieces(content: Buffer, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

async function read(repository: Repository, name: string, from = 0, to?: number): Promise<Buffer> {
  const content = await repository.get(name, to === undefined ? { from } : { from, to });
  return Buffer.concat(await Array.fromAsync(content));
}

async function names(repository: Repository, prefix: string): Promise<string[]> {
  return (await Array.fromAsync(repository.list(prefix))).map(({ name }) => name);
}
