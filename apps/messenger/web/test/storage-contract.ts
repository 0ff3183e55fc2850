/** What every storage must do. Run against the memory adapter in Node and against IndexedDB where there is one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "@rempart/kernel";
import { failsWith } from "../src/core/errors.ts";
import type { Operation, Storage } from "../src/core/storage/storage.ts";

export interface Stores {
  /** The storage of this name; a second opening finds what the first one wrote. */
  open(name: string): Promise<Storage>;
  remove(name: string): Promise<void>;
}

const put = (key: string, text: string): Operation => ({
  type: "put",
  table: "messages",
  key,
  value: utf8(text),
});

export function storageContract(name: string, create: () => Stores): void {
  test(`${name}: what was written is read, also by the next opening`, async () => {
    const stores = create();
    const first = await stores.open("a");
    await first.write([put("k", "one")], await first.takeFence());
    assert.deepEqual(await first.read("messages", "k"), utf8("one"));
    first.close();
    const second = await stores.open("a");
    assert.deepEqual(await second.read("messages", "k"), utf8("one"));
    assert.equal(await second.read("groups", "k"), undefined, "tables are apart");
    second.close();
  });

  test(`${name}: ranges are half-open, ordered both ways, and bounded`, async () => {
    const storage = await create().open("a");
    const fence = await storage.takeFence();
    await storage.write(
      ["a/3", "a/1", "b/1", "a/2", "a0"].map((key) => put(key, key)),
      fence,
    );
    const keys = async (limit: number, newestFirst: boolean) =>
      (await storage.readRange("messages", { from: "a/", to: "a0", limit, newestFirst })).map((e) => e.key);
    assert.deepEqual(await keys(9, false), ["a/1", "a/2", "a/3"]);
    assert.deepEqual(await keys(2, true), ["a/3", "a/2"]);
    storage.close();
  });

  test(`${name}: operations apply in their order`, async () => {
    const storage = await create().open("a");
    const fence = await storage.takeFence();
    await storage.write([put("a/1", "x"), put("a/2", "x"), put("b/1", "x")], fence);
    await storage.write(
      [
        { type: "delete-range", table: "messages", from: "a/", to: "a0" },
        put("a/2", "again"),
        { type: "delete", table: "messages", key: "b/1" },
      ],
      fence,
    );
    assert.equal(await storage.read("messages", "a/1"), undefined);
    assert.deepEqual(await storage.read("messages", "a/2"), utf8("again"));
    assert.equal(await storage.read("messages", "b/1"), undefined);
    storage.close();
  });

  test(`${name}: an earlier owner is fenced off, and writes nothing at all`, async () => {
    const stores = create();
    const [before, after] = [await stores.open("a"), await stores.open("a")];
    const old = await before.takeFence();
    const fresh = await after.takeFence();
    assert.ok(fresh > old);
    await assert.rejects(before.write([put("k", "stale"), put("l", "stale")], old), (error) =>
      failsWith(error, "fenced"),
    );
    assert.equal(await after.read("messages", "k"), undefined);
    await after.write([put("k", "fresh")], fresh);
    assert.deepEqual(await before.read("messages", "k"), utf8("fresh"));
    before.close();
    after.close();
  });

  test(`${name}: the key is one for ever, not extractable, and goes with the storage`, async () => {
    const stores = create();
    const storage = await stores.open("a");
    const key = await storage.vaultKey();
    assert.equal(key.extractable, false);
    const iv = new Uint8Array(12);
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, utf8("x"));
    storage.close();
    const again = await stores.open("a");
    const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await again.vaultKey(), sealed);
    assert.deepEqual(new Uint8Array(opened), utf8("x"));
    again.close();
    await stores.remove("a");
    const empty = await stores.open("a");
    const other = await empty.vaultKey();
    await assert.rejects(crypto.subtle.decrypt({ name: "AES-GCM", iv }, other, sealed));
    empty.close();
  });
}
