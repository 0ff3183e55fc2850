import { fromBase64Url, toBase64Url } from "@rempart/kernel";
import type { Device } from "@rempart/messaging/contract";
import type { CryptoEngine, DeviceKeys } from "@rempart/messaging/engine";
import { CoreError } from "../errors.ts";
import type { Rest } from "../net/rest.ts";
import { type DeviceRecord, keys } from "../storage/records.ts";
import { Batch, type Vault } from "../storage/vault.ts";

/** This browser's device of the account: made at the first sign-in here, and the same ever after. */
export async function openDevice(
  vault: Vault,
  engine: CryptoEngine,
  userId: string,
  newId: () => string,
): Promise<DeviceKeys> {
  const stored = await vault.get("device", keys.self);
  if (stored !== undefined) return { userId, deviceId: stored.id, ...keyPair(stored) };
  const device = await engine.createDevice({ userId, deviceId: newId() });
  const record: DeviceRecord = {
    id: device.deviceId,
    signatureKey: toBase64Url(device.signatureKey),
    privateKey: toBase64Url(device.privateKey),
  };
  await vault.commit(new Batch().put("device", keys.self, record));
  return device;
}

function keyPair({
  signatureKey,
  privateKey,
}: DeviceRecord): Pick<DeviceKeys, "signatureKey" | "privateKey"> {
  const [publicBytes, privateBytes] = [fromBase64Url(signatureKey), fromBase64Url(privateKey)];
  if (publicBytes === null || privateBytes === null)
    throw new CoreError("unreadable", "The device's keys are not base64url");
  return { signatureKey: publicBytes, privateKey: privateBytes };
}

/**
 * Makes the device known to the server; repeating it is harmless, and says how many key packages are left there.
 *
 * @throws CoreError `device-revoked` when it was removed from the account.
 */
export async function registerDevice(rest: Rest, device: DeviceKeys, name: string): Promise<Device> {
  const { device: registered } = await rest.call("registerDevice", {
    body: { id: device.deviceId, name, signatureKey: toBase64Url(device.signatureKey) },
  });
  if (registered.revokedAt !== null) throw new CoreError("device-revoked", "This device was removed");
  return registered;
}
