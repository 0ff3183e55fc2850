import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "@rempart/kernel";
import { storageContract } from "../../../test/storage-contract.ts";
import { failsWith } from "../errors.ts";
import { memoryDisks } from "./memory.ts";

storageContract("memory", () => memoryDisks());

test("a full disk refuses the whole write and keeps what it has", async () => {
  const disks = memoryDisks();
  disks.limit(20);
  const storage = await disks.open("a");
  const fence = await storage.takeFence();
  await storage.write([{ type: "put", table: "meta", key: "k", value: utf8("small") }], fence);
  const tooMuch = [
    { type: "put", table: "meta", key: "k", value: utf8("other") },
    { type: "put", table: "meta", key: "l", value: utf8("far too much for it") },
  ] as const;
  await assert.rejects(storage.write(tooMuch, fence), (error) => failsWith(error, "storage-full"));
  assert.deepEqual(await storage.read("meta", "k"), utf8("small"));
});
