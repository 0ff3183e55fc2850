import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom, toHex, utf8 } from "@rempart/kernel";
import fc from "fast-check";
import { failsWith } from "../errors.ts";
import { type MemoryDisks, memoryDisks } from "./memory.ts";
import { everything } from "./records.ts";
import { Batch, openVault } from "./vault.ts";

const verified = (number: string) => ({ number, at: 1 });

async function vaultOn(disks: MemoryDisks) {
  return openVault(await disks.open("a"), systemRandom);
}

test("values and bytes come back as they were", async () => {
  const vault = await vaultOn(memoryDisks());
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.uint8Array({ maxLength: 300 }), async (text, bytes) => {
      const state = new Uint8Array(bytes);
      await vault.commit(new Batch().put("verified", "v", verified(text)).put("groups", "g", state));
      assert.deepEqual(await vault.get("verified", "v"), verified(text));
      assert.deepEqual(await vault.get("groups", "g"), state);
    }),
    { numRuns: 50 },
  );
});

test("nothing that was stored can be read in the storage", async () => {
  const disks = memoryDisks();
  const vault = await vaultOn(disks);
  await vault.commit(new Batch().put("verified", "v", verified("marker-7f3a")));
  const stored = disks.dump().map((row) => toHex(row.value));
  assert.equal(stored.length, 1);
  assert.ok(stored.every((hex) => !hex.includes(toHex(utf8("marker-7f3a")))));
});

test("a record moved under another key or table, cut, or changed in one bit does not open", async () => {
  const disks = memoryDisks();
  const vault = await vaultOn(disks);
  await vault.commit(new Batch().put("verified", "v", verified("1")));
  const storage = await disks.open("a");
  const stored = await storage.read("verified", "v");
  assert.ok(stored);
  const fence = await storage.takeFence();
  const flipped = stored.slice();
  flipped[20] = (flipped[20] as number) ^ 1;
  await storage.write(
    [
      { type: "put", table: "verified", key: "moved", value: stored },
      { type: "put", table: "people", key: "v", value: stored },
      { type: "put", table: "verified", key: "cut", value: stored.subarray(0, 20) },
      { type: "put", table: "verified", key: "empty", value: new Uint8Array() },
      { type: "put", table: "verified", key: "flipped", value: flipped },
    ],
    fence,
  );
  for (const key of ["moved", "cut", "empty", "flipped"])
    await assert.rejects(vault.get("verified", key), (error) => failsWith(error, "unreadable"), key);
  await assert.rejects(vault.get("people", "v"), (error) => failsWith(error, "unreadable"));
  const found = await vault.range("verified", everything(10));
  assert.deepEqual(
    found.map(({ key, value }) => [key, value !== null]),
    [
      ["cut", false],
      ["empty", false],
      ["flipped", false],
      ["moved", false],
      ["v", true],
    ],
  );
});

test("the owner before cannot write once the vault was opened again", async () => {
  const disks = memoryDisks();
  const before = await vaultOn(disks);
  const after = await vaultOn(disks);
  await assert.rejects(before.commit(new Batch().put("verified", "v", verified("old"))), (error) =>
    failsWith(error, "fenced"),
  );
  assert.equal(await after.get("verified", "v"), undefined);
});
