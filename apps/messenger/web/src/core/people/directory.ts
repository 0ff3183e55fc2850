import { toBase64Url } from "@rempart/kernel";
import type { PublicDevice, User } from "@rempart/messaging/contract";
import type { DeviceDirectory } from "@rempart/messaging/engine";
import type { Person } from "../../client/api.ts";
import type { Rest } from "../net/rest.ts";
import { createSerial } from "../serial.ts";
import { everything, type PersonRecord, type PinnedDevice } from "../storage/records.ts";
import { Batch, type Vault } from "../storage/vault.ts";

/**
 * The people this account has met: their names, and their devices' signature keys as first seen. A key that was seen
 * for a device is the only one ever accepted for it; new devices are asked of the server and then pinned, and change
 * the person's safety number.
 */
export interface Directory extends DeviceDirectory {
  person(id: string): Person;
  /** Takes names from what the server said of members and users. */
  learn(people: readonly Person[]): Promise<void>;
  /** The owner of a device that was seen, or null. */
  ownerOf(deviceId: string): string | null;
  /** Reads a person's devices from the server and pins the new ones. */
  refresh(userId: string): Promise<PersonRecord>;
}

const UNNAMED = "";
const MOST_PEOPLE = 100_000;

export async function openDirectory(vault: Vault, rest: Rest): Promise<Directory> {
  const people = new Map<string, PersonRecord>();
  const owners = new Map<string, string>();
  const serial = createSerial();

  const keep = (record: PersonRecord): void => {
    people.set(record.id, record);
    for (const deviceId of Object.keys(record.devices)) owners.set(deviceId, record.id);
  };
  const save = (records: readonly PersonRecord[]): Promise<void> =>
    serial(async () => {
      if (records.length === 0) return;
      const batch = new Batch();
      for (const record of records) batch.put("people", record.id, record);
      await vault.commit(batch);
      for (const record of records) keep(record);
    });

  const refresh = async (userId: string): Promise<PersonRecord> => {
    const { user, devices } = await rest.call("userDevices", { params: { userId } });
    const record = withDevices(people.get(userId), user, devices);
    await save([record]);
    return record;
  };

  const known = (userId: string, deviceId: string): PinnedDevice | undefined =>
    people.get(userId)?.devices[deviceId];

  for (const { value } of await vault.range("people", everything(MOST_PEOPLE))) if (value) keep(value);

  return {
    person: (id) => ({ id, name: people.get(id)?.name ?? UNNAMED }),
    learn: (seen) =>
      save(
        seen
          .filter(({ id, name }) => people.get(id)?.name !== name)
          .map(({ id, name }) => ({ id, name, devices: people.get(id)?.devices ?? {} })),
      ),
    /** Asks the server for a device not seen before. */
    async verify({ userId, deviceId, signatureKey }) {
      if (known(userId, deviceId) === undefined) await refresh(userId);
      return known(userId, deviceId)?.signatureKey === toBase64Url(signatureKey);
    },
    ownerOf: (deviceId) => owners.get(deviceId) ?? null,
    refresh,
  };
}

/** A key already pinned stays, whatever the server says now. */
function withDevices(
  known: PersonRecord | undefined,
  user: User,
  devices: readonly PublicDevice[],
): PersonRecord {
  const pinned: Record<string, PinnedDevice> = { ...known?.devices };
  for (const { id, signatureKey, revokedAt } of devices)
    pinned[id] = {
      signatureKey: known?.devices[id]?.signatureKey ?? signatureKey,
      revoked: revokedAt !== null,
    };
  return { id: user.id, name: user.name, devices: pinned };
}
