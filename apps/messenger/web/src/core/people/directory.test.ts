import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom, toBase64Url } from "@rempart/kernel";
import type { PublicDevice } from "@rempart/messaging/contract";
import { failsWith } from "../errors.ts";
import { createRest } from "../net/rest.ts";
import { memoryDisks } from "../storage/memory.ts";
import { openVault } from "../storage/vault.ts";
import { openDirectory } from "./directory.ts";

const USER = "01890000-0000-7000-8000-000000000001";
const DEVICE = "01890000-0000-7000-8000-00000000000a";
const OTHER = "01890000-0000-7000-8000-00000000000b";
const key = (fill: number): Uint8Array<ArrayBuffer> => new Uint8Array(32).fill(fill);

/** A server whose list of devices can be changed, and which counts how often it is asked. */
function listing() {
  let devices: PublicDevice[] = [];
  let asked = 0;
  const rest = createRest({
    async fetch() {
      asked += 1;
      return Response.json({ user: { id: USER, name: "Bob" }, devices });
    },
  });
  return {
    rest,
    asked: () => asked,
    list(id: string, fill: number) {
      devices = [
        ...devices.filter((device) => device.id !== id),
        { id, userId: USER, signatureKey: toBase64Url(key(fill)), createdAt: 1, revokedAt: null },
      ];
    },
  };
}

test("a device's key is the first one seen, whatever the server says later, also after a restart", async () => {
  const server = listing();
  const disks = memoryDisks();
  server.list(DEVICE, 1);
  const leaf = { userId: USER, deviceId: DEVICE };
  const directory = await openDirectory(await openVault(await disks.open("a"), systemRandom), server.rest);
  assert.equal(await directory.verify({ ...leaf, signatureKey: key(1) }), true);
  assert.equal(await directory.verify({ ...leaf, signatureKey: key(2) }), false);
  assert.equal(server.asked(), 1, "asked once");

  server.list(DEVICE, 2);
  await directory.refresh(USER);
  assert.equal(await directory.verify({ ...leaf, signatureKey: key(2) }), false);
  const again = await openDirectory(await openVault(await disks.open("a"), systemRandom), server.rest);
  assert.equal(await again.verify({ ...leaf, signatureKey: key(2) }), false);
  assert.equal(await again.verify({ ...leaf, signatureKey: key(1) }), true);
});

test("a device not seen before is asked for, and refused when the server does not know it", async () => {
  const server = listing();
  const vault = await openVault(await memoryDisks().open("a"), systemRandom);
  const directory = await openDirectory(vault, server.rest);
  const leaf = { userId: USER, deviceId: OTHER, signatureKey: key(3) };
  assert.equal(await directory.verify(leaf), false);
  server.list(OTHER, 3);
  assert.equal(await directory.verify(leaf), true);
  assert.equal(directory.ownerOf(OTHER), USER);
});

test("a server out of reach is no answer about a key", async () => {
  const vault = await openVault(await memoryDisks().open("a"), systemRandom);
  const rest = createRest({ fetch: () => Promise.reject(new TypeError("unreachable")) });
  const directory = await openDirectory(vault, rest);
  await assert.rejects(directory.verify({ userId: USER, deviceId: DEVICE, signatureKey: key(1) }), (error) =>
    failsWith(error, "offline"),
  );
});
