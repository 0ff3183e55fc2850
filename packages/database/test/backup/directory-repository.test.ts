import assert from "node:assert/strict";
import { mkdtemp, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { directoryRepository } from "@rempart/database/backup";
import { scratchDirectory } from "../fixtures/run.ts";
import { repositoryContract } from "./repository-contract.ts";

const scratch = await scratchDirectory();

repositoryContract("directory", async () =>
  directoryRepository(join(await mkdtemp(join(scratch, "r-")), "deep", "er")),
);

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}

test("folders and files are closed to others", async () => {
  const root = join(await mkdtemp(join(scratch, "r-")), "repository");
  await directoryRepository(root).put("a/b/one", text("x"));
  for (const [path, mode] of [
    ["", 0o700],
    ["a", 0o700],
    ["a/b", 0o700],
    ["a/b/one", 0o600],
  ] as const)
    assert.equal((await stat(join(root, path))).mode & 0o777, mode, path);
});

test("what a killed writer left is not listed, and is removed once it is old", async () => {
  const root = await mkdtemp(join(scratch, "r-"));
  const repository = directoryRepository(root);
  await repository.put("a/one", text("x"));
  await writeFile(join(root, "a", ".unfinished-0123456789abcdef"), "half");
  assert.deepEqual(
    (await Array.fromAsync(repository.list(""))).map(({ name }) => name),
    ["a/one"],
  );
  await repository.tidy(Date.now() - 60_000);
  assert.equal((await readdir(join(root, "a"))).length, 2);
  await repository.tidy(Date.now() + 60_000);
  assert.deepEqual(await readdir(join(root, "a")), ["one"]);
});
