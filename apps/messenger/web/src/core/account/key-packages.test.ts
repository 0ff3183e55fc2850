import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, systemRandom } from "@rempart/kernel";
import type { Mls } from "../mls/mls.ts";
import { createRest } from "../net/rest.ts";
import { memoryDisks } from "../storage/memory.ts";
import { everything } from "../storage/records.ts";
import { openVault } from "../storage/vault.ts";
import {
  firstKeyPackages,
  forgetExpiredKeyPackages,
  type KeyPackageParts,
  ownKeyPackage,
  topUpKeyPackages,
} from "./key-packages.ts";

const DEVICE = "01890000-0000-7000-8000-00000000000a";
const DAY_SECONDS = 86_400;
const NOT_AFTER = 90 * DAY_SECONDS;
const READY = { "x-wing": true, x25519: true };

/** Key packages that are only counted, and a server that counts them too. */
async function setting() {
  let made = 0;
  const newKeyPackages: Mls["newKeyPackages"] = async (suite, count) =>
    Array.from({ length: count }, () => {
      made += 1;
      const bytes = new Uint8Array([made]);
      return { id: `ref-${made}`, suite, notAfter: NOT_AFTER, public: bytes, secret: bytes };
    });
  const uploads: string[] = [];
  const vault = await openVault(await memoryDisks().open("a"), systemRandom);
  const stored = async () => (await vault.range("keyPackages", everything(1000))).length;
  const rest = createRest({
    async fetch(_path, init) {
      const { suite, keyPackages, lastResort } = JSON.parse(String(init.body));
      assert.ok((await stored()) >= keyPackages.length, "secrets are stored before the upload");
      uploads.push(`${suite}: ${keyPackages.length}${lastResort === undefined ? "" : " and a last resort"}`);
      return Response.json({ available: keyPackages.length }, { status: 201 });
    },
  });
  const clock = manualClock(0);
  const parts: KeyPackageParts = { vault, rest, mls: { newKeyPackages }, clock };
  return { parts, clock, vault, uploads, stored };
}

test("what has run low is filled up, what has not is left alone", async () => {
  const { parts, uploads } = await setting();
  await topUpKeyPackages(parts, {
    id: DEVICE,
    keyPackages: { "x-wing": 19, x25519: 20 },
    lastResort: READY,
  });
  assert.deepEqual(uploads, ["x-wing: 21"]);
});

test("a new device is reachable for good before anything else, and is not given a second last resort at once", async () => {
  const { parts, uploads } = await setting();
  const none = { "x-wing": 0, x25519: 0 };
  const lastResort = { "x-wing": false, x25519: false };
  const stock = await firstKeyPackages(parts, { id: DEVICE, keyPackages: none, lastResort });
  assert.deepEqual(uploads, ["x-wing: 5 and a last resort", "x25519: 5 and a last resort"]);
  await topUpKeyPackages(parts, stock);
  assert.deepEqual(uploads.slice(2), ["x-wing: 35", "x25519: 35"]);
});

test("a last resort that was used is replaced, and opens welcomes for as long as one may come", async () => {
  const { parts, clock, vault, uploads, stored } = await setting();
  const stock = { id: DEVICE, keyPackages: { "x-wing": 40, x25519: 40 } };
  const used = { "x-wing": true, x25519: false };
  await topUpKeyPackages(parts, { ...stock, lastResort: used });
  await topUpKeyPackages(parts, { ...stock, lastResort: used });
  assert.deepEqual(uploads, ["x25519: 0 and a last resort", "x25519: 0 and a last resort"]);
  assert.deepEqual(await ownKeyPackage(vault, "ref-1"), { secret: new Uint8Array([1]), lastResort: true });
  clock.advance(30 * DAY_SECONDS * 1000);
  await forgetExpiredKeyPackages(vault, clock);
  assert.equal(await stored(), 2);
  clock.advance(2 * DAY_SECONDS * 1000);
  await forgetExpiredKeyPackages(vault, clock);
  assert.equal(await ownKeyPackage(vault, "ref-1"), null);
  assert.notEqual(await ownKeyPackage(vault, "ref-2"), null, "the one in use lives on");
});

test("secrets are kept while a welcome may come, and erased after", async () => {
  const { parts, clock, vault, stored } = await setting();
  const keyPackages = { "x-wing": 40, x25519: 0 };
  await topUpKeyPackages(parts, { id: DEVICE, keyPackages, lastResort: READY });
  assert.deepEqual(await ownKeyPackage(vault, "ref-1"), { secret: new Uint8Array([1]), lastResort: false });
  assert.equal(await ownKeyPackage(vault, "ref-none"), null);
  clock.advance(NOT_AFTER * 1000);
  await forgetExpiredKeyPackages(vault, clock);
  assert.equal(await stored(), 40);
  clock.advance(2 * DAY_SECONDS * 1000);
  await forgetExpiredKeyPackages(vault, clock);
  assert.equal(await stored(), 0);
});
