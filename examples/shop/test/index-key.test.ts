import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readIndexKey } from "../src/index-key.ts";

const place = await mkdtemp(join(tmpdir(), "shop-key-"));
after(() => rm(place, { recursive: true }));

test("all who start at once have the same key, which nobody else may read", async () => {
  for (let round = 0; round < 20; round += 1) {
    const directory = join(place, String(round));
    const keys = await Promise.all(Array.from({ length: 8 }, () => readIndexKey(directory)));
    assert.equal(new Set(keys.map((key) => Buffer.from(key).toString("hex"))).size, 1);
    assert.deepEqual(await readdir(directory), ["index.key"]);
    assert.equal((await stat(join(directory, "index.key"))).mode & 0o777, 0o600);
  }
});

test("a key that is not whole is refused, and not made anew", async () => {
  await writeFile(join(place, "index.key"), "short");
  await assert.rejects(readIndexKey(place), TypeError);
});
