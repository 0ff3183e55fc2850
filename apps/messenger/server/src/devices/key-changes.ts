import { hash } from "node:crypto";
import type { Actor, Audit } from "@rempart/audit";
import type { Transaction } from "@rempart/database";

/** Who changes their devices, and from where. */
export interface DeviceOwner extends Actor {
  readonly userId: string;
}

export interface KeyChange {
  readonly change: "added" | "revoked";
  readonly deviceId: string;
  readonly signatureKey: Uint8Array;
}

/**
 * Records a change of an account's devices in its transaction, with the number it has in the account's key log. The caller
 * holds the user's row, so that no two changes have one number.
 */
export async function recordKeyChange(
  tx: Transaction,
  record: Audit["record"],
  owner: DeviceOwner,
  { change, deviceId, signatureKey }: KeyChange,
): Promise<void> {
  const number = (await lastNumber(tx, owner.userId)) + 1;
  const metadata = { change, number, fingerprint: hash("sha256", signatureKey, "hex") };
  const entryId = await record(tx, {
    type: "key.change",
    actor: owner,
    resource: { type: "device", id: deviceId, metadata },
    // A fingerprint is public, whatever its digits look like.
    allow: ["fingerprint"],
  });
  await tx.query("INSERT INTO device_key_events (user_id, number, entry_id) VALUES ($1, $2, $3)", [
    owner.userId,
    number,
    entryId,
  ]);
}

async function lastNumber(tx: Transaction, userId: string): Promise<number> {
  const [row] = await tx.query<{ number: number }>(
    "SELECT coalesce(max(number), 0) AS number FROM device_key_events WHERE user_id = $1",
    [userId],
  );
  return row?.number ?? 0;
}
