import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "@rempart/kernel";
import type { ObjectStore } from "../src/ports.ts";

/** What every `ObjectStore` keeps its word on. `open` gives an empty one each time. */
export function objectStoreContract(name: string, open: () => Promise<ObjectStore>): void {
  test(`${name}: gives back what was put last, and null for what is not there`, async () => {
    const store = await open();
    assert.equal(await store.get("tile/0/000"), null);
    const content = new Uint8Array(70_000).map((_, i) => i);
    await store.put("tile/0/000", content);
    assert.deepEqual(await got(store, "tile/0/000"), Buffer.from(content));
    await store.put("tile/0/000", utf8("other"));
    assert.equal(String(await got(store, "tile/0/000")), "other");
    await store.put("empty", new Uint8Array(0));
    assert.equal((await got(store, "empty"))?.length, 0);
  });

  test(`${name}: replaces only what is expected, and otherwise changes nothing`, async () => {
    const store = await open();
    const [one, two] = [utf8("one"), utf8("two")];
    assert.equal(await store.replace("checkpoint", two, one), false, "nothing is there");
    assert.equal(await store.get("checkpoint"), null);
    assert.equal(await store.replace("checkpoint", one, null), true);
    assert.equal(await store.replace("checkpoint", two, null), false);
    assert.equal(await store.replace("checkpoint", two, utf8("One")), false);
    assert.equal(String(await got(store, "checkpoint")), "one");
    assert.equal(await store.replace("checkpoint", two, one), true);
    assert.equal(String(await got(store, "checkpoint")), "two");
  });

  for (const expected of [null, utf8("head")])
    test(`${name}: of many who replace ${expected === null ? "nothing" : "the same"} at once, one does`, async () => {
      const store = await open();
      if (expected !== null) await store.put("checkpoint", expected);
      const tries = Array.from({ length: 8 }, (_, i) => store.replace("checkpoint", utf8(`${i}`), expected));
      const winners = (await Promise.all(tries)).flatMap((won, i) => (won ? [`${i}`] : []));
      assert.deepEqual([String(await got(store, "checkpoint"))], winners);
    });

  test(`${name}: removes a folder and nothing beside it`, async () => {
    const store = await open();
    for (const path of ["tile/0/000.p/1", "tile/0/000.p/2", "tile/0/000", "tile/0/000.px"])
      await store.put(path, utf8(path));
    await store.removeBelow("tile/0/000.p");
    await store.removeBelow("tile/0/001.p");
    assert.equal(await store.get("tile/0/000.p/1"), null);
    assert.equal(await store.get("tile/0/000.p/2"), null);
    for (const path of ["tile/0/000", "tile/0/000.px"]) assert.equal(String(await got(store, path)), path);
  });

  test(`${name}: a path that leads elsewhere is a mistake`, async () => {
    const store = await open();
    for (const path of ["../x", "/x", "a/../b", "", "x\0"]) {
      await assert.rejects(async () => store.put(path, utf8("x")), TypeError, path);
      await assert.rejects(async () => store.get(path), TypeError, path);
      await assert.rejects(async () => store.replace(path, utf8("x"), null), TypeError, path);
    }
  });
}

async function got(store: ObjectStore, path: string): Promise<Buffer | null> {
  const content = await store.get(path);
  return content && Buffer.from(content);
}
