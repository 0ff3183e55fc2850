import { type Clock, fromBase64Url, toBase64Url } from "@rempart/kernel";
import { type Device, type Suite, suite } from "@rempart/messaging/contract";
import type { KeyPackage } from "@rempart/messaging/engine";
import type { Mls, OwnKeyPackage } from "../mls/mls.ts";
import type { Rest } from "../net/rest.ts";
import { everything, type KeyPackageRecord } from "../storage/records.ts";
import { Batch, type Vault } from "../storage/vault.ts";

/** Below this many on the server, more are made. */
const REFILL_UNDER = 20;
const REFILL_TO = 40;
/** Enough to be reachable; the rest follows once the device is connected. */
const FIRST = 5;

export interface KeyPackageParts {
  readonly vault: Vault;
  readonly rest: Rest;
  readonly mls: Pick<Mls, "newKeyPackages">;
  readonly clock: Clock;
}

/** What the server has of this device. */
type Stock = Pick<Device, "id" | "keyPackages" | "lastResort">;

/** A device without any cannot be written to by others: made before anything else. Answers what there is now. */
export function firstKeyPackages(parts: KeyPackageParts, stock: Stock): Promise<Stock> {
  return fill(parts, stock, { under: 1, to: FIRST });
}

/** Keeps key packages for both suites on the server, so that others can add this device while it is away. */
export async function topUpKeyPackages(parts: KeyPackageParts, stock: Stock): Promise<void> {
  await fill(parts, stock, { under: REFILL_UNDER, to: REFILL_TO });
}

/** Makes what is missing, and a last resort where none stands ready: one that was used goes on for others until it is replaced. */
async function fill(
  parts: KeyPackageParts,
  stock: Stock,
  { under, to }: { readonly under: number; readonly to: number },
): Promise<Stock> {
  const keyPackages = { ...stock.keyPackages };
  const lastResort = { ...stock.lastResort };
  for (const each of suite.options) {
    const count = keyPackages[each] < under ? to - keyPackages[each] : 0;
    if (count === 0 && lastResort[each]) continue;
    keyPackages[each] = await upload(parts, stock.id, each, { count, lastResort: !lastResort[each] });
    lastResort[each] = true;
  }
  return { id: stock.id, keyPackages, lastResort };
}

interface Wanted {
  /** To be handed out once each. */
  readonly count: number;
  readonly lastResort: boolean;
}

/** The secrets are stored before the server can hand anything out. Answers how many it has now. */
async function upload(
  { vault, rest, mls, clock }: KeyPackageParts,
  deviceId: string,
  each: Suite,
  { count, lastResort }: Wanted,
): Promise<number> {
  const made = await mls.newKeyPackages(each, lastResort ? count + 1 : count);
  const resort = lastResort ? made[0] : undefined;
  const batch = new Batch();
  if (resort !== undefined) await retireLastResorts(vault, batch, each, clock.now() / 1000);
  for (const one of made) batch.put("keyPackages", one.id, recordOf(one, one === resort));
  await vault.commit(batch);
  const single = made.filter((one) => one !== resort);
  const { available } = await rest.call("uploadKeyPackages", {
    params: { deviceId },
    body: {
      suite: each,
      keyPackages: single.map((one) => toBase64Url(one.public)),
      ...(resort !== undefined && { lastResort: toBase64Url(resort.public) }),
    },
  });
  return available;
}

function recordOf({ suite, secret, notAfter }: KeyPackage, lastResort: boolean): KeyPackageRecord {
  return { suite, secret: toBase64Url(secret), notAfter, ...(lastResort && { lastResort }) };
}

/** A welcome by a last resort that is being replaced may still come while the server keeps welcomes. */
const WELCOME_LIFE_SECONDS = 30 * 86_400;

async function retireLastResorts(vault: Vault, batch: Batch, each: Suite, nowSeconds: number): Promise<void> {
  const until = nowSeconds + WELCOME_LIFE_SECONDS;
  for (const { key, value } of await vault.range("keyPackages", everything(MOST_KEPT)))
    if (value?.lastResort && value.suite === each && value.notAfter > until)
      batch.put("keyPackages", key, { ...value, notAfter: until });
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

/** Null for a key package that was used up, or is not of this device. */
export async function ownKeyPackage(vault: Vault, id: string): Promise<OwnKeyPackage | null> {
  const stored = await vault.get("keyPackages", id).catch(() => undefined);
  const secret = stored === undefined ? null : fromBase64Url(stored.secret);
  return secret === null ? null : { secret, lastResort: stored?.lastResort ?? false };
}
