import { type Bytes, type Clock, fromBase64Url, toBase64Url } from "@rempart/kernel";
import { type Device, type Suite, suite } from "@rempart/messaging/contract";
import type { Mls } from "../mls/mls.ts";
import type { Rest } from "../net/rest.ts";
import { everything } from "../storage/records.ts";
import { Batch, type Vault } from "../storage/vault.ts";

/** Below this many on the server, more are made. */
const REFILL_UNDER = 20;
const REFILL_TO = 40;
/** Enough to be reachable; the rest follows once the device is connected. */
const FIRST = 5;

/** A device without any cannot be added by others: made before anything else. Answers how many there are of each suite. */
export async function firstKeyPackages(
  vault: Vault,
  rest: Rest,
  mls: Mls,
  device: Device,
): Promise<Device["keyPackages"]> {
  const available = { ...device.keyPackages };
  for (const each of suite.options)
    if (available[each] === 0) available[each] = await upload(vault, rest, mls, device.id, each, FIRST);
  return available;
}

/** Keeps key packages for both suites on the server, so that others can add this device while it is away. */
export async function topUpKeyPackages(
  vault: Vault,
  rest: Rest,
  mls: Mls,
  { id, keyPackages }: Pick<Device, "id" | "keyPackages">,
): Promise<void> {
  for (const each of suite.options)
    if (keyPackages[each] < REFILL_UNDER)
      await upload(vault, rest, mls, id, each, REFILL_TO - keyPackages[each]);
}

/** The secrets are stored before the server can hand anything out. Answers how many it has now. */
async function upload(
  vault: Vault,
  rest: Rest,
  mls: Mls,
  deviceId: string,
  each: Suite,
  count: number,
): Promise<number> {
  const made = await mls.newKeyPackages(each, count);
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

/** A day beyond its end, no welcome for a key package can be under way any more. */
const KEPT_SECONDS = 86_400;
const MOST_KEPT = 10_000;

/** Erases secrets that nobody can use: of key packages that ran out without being claimed. */
export async function forgetExpiredKeyPackages(vault: Vault, clock: Clock): Promise<void> {
  const nowSeconds = clock.now() / 1000;
  const stored = await vault.range("keyPackages", everything(MOST_KEPT));
  const batch = new Batch();
  for (const { key, value } of stored)
    if (value === null || value.notAfter + KEPT_SECONDS < nowSeconds) batch.delete("keyPackages", key);
  if (batch.changes.length > 0) await vault.commit(batch);
}

/** Null for a key package that was used, or is not of this device. */
export async function keyPackageSecret(vault: Vault, id: string): Promise<Bytes | null> {
  const stored = await vault.get("keyPackages", id).catch(() => undefined);
  return stored === undefined ? null : fromBase64Url(stored.secret);
}
