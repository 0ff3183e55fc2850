import { type Bytes, fromBase64Url, toBase64Url } from "@rempart/kernel";
import { type Device, type Suite, suite } from "@rempart/messaging/contract";
import type { Mls } from "../mls/mls.ts";
import type { Rest } from "../net/rest.ts";
import { Batch, type Vault } from "../storage/vault.ts";

/** Below this many on the server, more are made. */
const REFILL_UNDER = 20;
const REFILL_TO = 40;
/** Made, saved and uploaded together: small enough to leave room for messages in between. */
const BATCH = 10;

/**
 * Keeps key packages for both suites on the server, so that others can add this device while it is away. With `first`
 * only as many as a device needs to be reachable at all.
 */
export async function topUpKeyPackages(
  vault: Vault,
  rest: Rest,
  mls: Mls,
  device: Device,
  { first }: { readonly first: boolean },
): Promise<void> {
  const under = first ? 1 : REFILL_UNDER;
  const to = first ? 1 : REFILL_TO;
  for (const each of suite.options) {
    let available = device.keyPackages[each];
    if (available >= under) continue;
    while (available < to) available = await upload(vault, rest, mls, device.id, each);
  }
}

/** The secrets are stored before the server can hand anything out. Answers how many it has now. */
async function upload(vault: Vault, rest: Rest, mls: Mls, deviceId: string, each: Suite): Promise<number> {
  const made = await mls.newKeyPackages(each, BATCH);
  const batch = new Batch();
  for (const { id, secret, notAfter } of made)
    batch.put("keyPackages", id, { suite: each, secret: toBase64Url(secret), notAfter });
  await vault.commit(batch);
  const { available } = await rest.call("uploadKeyPackages", {
    params: { deviceId },
    body: { suite: each, keyPackages: made.map((keyPackage) => toBase64Url(keyPackage.public)) },
  });
  return available;
}

/** Null for a key package that was used, or is not of this device. */
export async function keyPackageSecret(vault: Vault, id: string): Promise<Bytes | null> {
  const stored = await vault.get("keyPackages", id).catch(() => undefined);
  return stored === undefined ? null : fromBase64Url(stored.secret);
}
