import { uuidV7Generator } from "@rempart/kernel";
import { createMlsEngine, type DeviceKeys } from "@rempart/messaging/engine";
import { failsWith } from "../errors.ts";
import { createMls, type Mls } from "../mls/mls.ts";
import type { Rest } from "../net/rest.ts";
import { type Directory, openDirectory } from "../people/directory.ts";
import type { CorePorts } from "../ports.ts";
import type { Storage } from "../storage/storage.ts";
import { openVault, type Vault } from "../storage/vault.ts";
import { openDevice } from "./device.ts";
import type { Guard } from "./guard.ts";
import { ownKeyPackage } from "./key-packages.ts";

/** What this browser holds of an account: its storage, its device, and the engine in that device's hands. */
export interface DeviceState {
  readonly storage: Storage;
  readonly vault: Vault;
  readonly directory: Directory;
  readonly device: DeviceKeys;
  readonly mls: Mls;
  readonly newId: () => string;
}

/**
 * A device whose own keys do not open any more cannot be continued: what is left of it is erased, and this browser
 * becomes a new device of the account.
 */
export async function openDeviceState(
  ports: CorePorts,
  name: string,
  userId: string,
  rest: Rest,
  guard: Guard,
): Promise<DeviceState> {
  const storage = await ports.openStorage(name);
  try {
    return await openOn(storage, ports, userId, rest, guard);
  } catch (error) {
    storage.close();
    if (!failsWith(error, "unreadable")) throw error;
    ports.report("device-unreadable", error);
    await ports.deleteStorage(name);
    return openOn(await ports.openStorage(name), ports, userId, rest, guard);
  }
}

async function openOn(
  storage: Storage,
  ports: CorePorts,
  userId: string,
  rest: Rest,
  guard: Guard,
): Promise<DeviceState> {
  const vault = guard.vault(await openVault(storage, ports.random));
  const newId = uuidV7Generator(ports.clock, ports.random);
  const directory = await openDirectory(vault, rest);
  const engine = createMlsEngine({ directory, clock: ports.clock });
  const device = await openDevice(vault, engine, userId, newId);
  const mls = createMls({
    engine,
    device,
    random: ports.random,
    ownKeyPackage: (id) => ownKeyPackage(vault, id),
  });
  return { storage, vault, directory, device, mls, newId };
}
