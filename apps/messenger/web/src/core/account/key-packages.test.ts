import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, systemRandom } from "@rempart/kernel";
import type { Suite } from "@rempart/messaging/contract";
import type { Mls } from "../mls/mls.ts";
import { createRest } from "../net/rest.ts";
import { memoryDisks } from "../storage/memory.ts";
import { everything } from "../storage/records.ts";
import { openVault } from "../storage/vault.ts";
import { forgetExpiredKeyPackages, keyPackageSecret, topUpKeyPackages } from "./key-packages.ts";

const DEVICE = "01890000-0000-7000-8000-00000000000a";
const NOT_AFTER = 1_000_000;

/** Key packages that are only counted, and a server that counts them too. */
async function setting() {
  let made = 0;
  const newKeyPackages: Mls["newKeyPackages"] = async (suite, count) =>
    Array.from({ length: count }, () => {
      made += 1;
      const bytes = new Uint8Array([made]);
      return { id: `ref-${made}`, suite, notAfter: NOT_AFTER, public: bytes, secret: bytes };
    });
  const uploads: [Suite, number][] = [];
  const vault = await openVault(await memoryDisks().open("a"), systemRandom);
  const stored = async () => (await vault.range("keyPackages", everything(1000))).length;
  const rest = createRest({
    async fetch(_path, init) {
      const body = JSON.parse(String(init.body));
      assert.ok((await stored()) >= body.keyPackages.length, "secrets are stored before the upload");
      uploads.push([body.suite, body.keyPackages.length]);
      return Response.json({ available: body.keyPackages.length }, { status: 201 });
    },
  });
  return { vault, rest, uploads, stored, mls: { newKeyPackages } as Mls };
}

test("what has run low is filled up, what has not is left alone", async () => {
  const { vault, rest, uploads, mls } = await setting();
  await topUpKeyPackages(vault, rest, mls, { id: DEVICE, keyPackages: { "x-wing": 19, x25519: 20 } });
  assert.deepEqual(uploads, [["x-wing", 21]]);
});

test("secrets are kept while a welcome may come, and erased after", async () => {
  const { vault, rest, stored, mls } = await setting();
  await topUpKeyPackages(vault, rest, mls, { id: DEVICE, keyPackages: { "x-wing": 40, x25519: 0 } });
  assert.deepEqual(await keyPackageSecret(vault, "ref-1"), new Uint8Array([1]));
  assert.equal(await keyPackageSecret(vault, "ref-none"), null);
  const clock = manualClock(NOT_AFTER * 1000);
  await forgetExpiredKeyPackages(vault, clock);
  assert.equal(await stored(), 40);
  clock.advance(2 * 86_400_000);
  await forgetExpiredKeyPackages(vault, clock);
  assert.equal(await stored(), 0);
});
