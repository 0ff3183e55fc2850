import type { Audit } from "@rempart/audit";
import { type Database, isUniqueViolation, type Queryable, type Transaction } from "@rempart/database";
import { type Clock, equalBytes, fromBase64Url } from "@rempart/kernel";
import { type Device, LIMITS, type PublicDevice, type Suite } from "@rempart/messaging/contract";
import { type Refusal, refuse } from "../refusal.ts";
import { type DeviceOwner, recordKeyChange } from "./key-changes.ts";

/** What a change of devices is written with. */
export interface DeviceStore {
  readonly database: Database;
  readonly clock: Clock;
  readonly audit: Pick<Audit, "record">;
}

interface DeviceRow {
  id: string;
  user_id: string;
  name: string;
  signature_key: Buffer;
  created_at: Date;
  last_used_at: Date;
  revoked_at: Date | null;
}

interface CountedDeviceRow extends DeviceRow {
  x_wing: number;
  x25519: number;
  /** Suites whose last resort need not be replaced. */
  last_resorts: Suite[];
}

const COUNTED = `
SELECT d.*,
  (SELECT count(*) FROM key_packages k WHERE k.device_id = d.id AND k.suite = 'x-wing' AND k.claimed_at IS NULL
    AND NOT k.last_resort AND k.expires_at > $2) AS x_wing,
  (SELECT count(*) FROM key_packages k WHERE k.device_id = d.id AND k.suite = 'x25519' AND k.claimed_at IS NULL
    AND NOT k.last_resort AND k.expires_at > $2) AS x25519,
  ARRAY (SELECT k.suite FROM key_packages k WHERE k.device_id = d.id AND k.last_resort AND k.used_at IS NULL
    AND k.expires_at > $2 + interval '30 days') AS last_resorts
FROM devices d`;

export interface NewDevice {
  readonly id: string;
  readonly name: string;
  readonly signatureKey: string;
}

/** Idempotent: the same id with the same key and owner is answered again, with the name it has. */
export async function registerDevice(
  store: DeviceStore,
  owner: DeviceOwner,
  input: NewDevice,
): Promise<Device | Refusal> {
  const key = fromBase64Url(input.signatureKey);
  if (key === null || key.length !== ED25519_KEY_BYTES) {
    return refuse("validation-failed", "signatureKey must be an Ed25519 public key of 32 bytes");
  }
  const { database, clock } = store;
  const refusal = await insertDevice(store, owner, input, key);
  return refusal ?? (await ownDevice(database, clock, owner.userId, input.id)) ?? refuse("id-taken");
}

const ED25519_KEY_BYTES = 32;

async function insertDevice(
  { database, clock, audit }: DeviceStore,
  owner: DeviceOwner,
  input: NewDevice,
  key: Uint8Array,
): Promise<Refusal | null> {
  const { userId } = owner;
  try {
    return await database.transaction(async (tx) => {
      // Serialises registrations, so that the count below holds.
      await lockOwner(tx, userId);
      const [existing] = await tx.query<DeviceRow>("SELECT * FROM devices WHERE id = $1", [input.id]);
      if (existing !== undefined) return judgeSame(existing, userId, key);
      if ((await countActive(tx, userId)) >= LIMITS.devicesPerUser) return refuse("too-many-devices");
      await tx.query(
        `INSERT INTO devices (id, user_id, name, signature_key, created_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $5)`,
        [input.id, userId, input.name, Buffer.from(key), new Date(clock.now())],
      );
      const change = { change: "added", deviceId: input.id, signatureKey: key } as const;
      await recordKeyChange(tx, audit.record, owner, change);
      return null;
    });
  } catch (error) {
    // Another account registered the same id in this moment.
    if (isUniqueViolation(error)) return refuse("id-taken");
    throw error;
  }
}

/** One change of an account's devices at a time. */
async function lockOwner(tx: Transaction, userId: string): Promise<void> {
  await tx.query("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", [userId]);
}

function judgeSame(existing: DeviceRow, userId: string, key: Uint8Array): Refusal | null {
  const same = existing.user_id === userId && equalBytes(existing.signature_key, key);
  return same && existing.revoked_at === null ? null : refuse("id-taken");
}

async function countActive(tx: Transaction, userId: string): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    "SELECT count(*) AS count FROM devices WHERE user_id = $1 AND revoked_at IS NULL",
    [userId],
  );
  return row?.count ?? 0;
}

/** The account's active devices, the newest use first. */
export async function listDevices(database: Queryable, clock: Clock, userId: string): Promise<Device[]> {
  const rows = await database.query<CountedDeviceRow>(
    `${COUNTED} WHERE d.user_id = $1 AND d.revoked_at IS NULL ORDER BY d.last_used_at DESC, d.id`,
    [userId, new Date(clock.now())],
  );
  return rows.map(toDevice);
}

async function ownDevice(
  database: Queryable,
  clock: Clock,
  userId: string,
  deviceId: string,
): Promise<Device | null> {
  const [row] = await database.query<CountedDeviceRow>(
    `${COUNTED} WHERE d.user_id = $1 AND d.id = $3 AND d.revoked_at IS NULL`,
    [userId, new Date(clock.now()), deviceId],
  );
  return row === undefined ? null : toDevice(row);
}

/** Every device these people ever had, revoked ones included. */
export async function publicDevicesOf(
  database: Queryable,
  userIds: readonly string[],
): Promise<PublicDevice[]> {
  const rows = await database.query<DeviceRow>(
    "SELECT * FROM devices WHERE user_id = ANY ($1::uuid[]) ORDER BY created_at, id",
    [userIds],
  );
  return rows.map(toPublicDevice);
}

export type OwnDeviceState = "active" | "revoked" | "unknown";

/** What `deviceId` is to this user; another user's device is unknown. */
export async function ownDeviceState(
  database: Queryable,
  userId: string,
  deviceId: string,
): Promise<OwnDeviceState> {
  const [row] = await database.query<Pick<DeviceRow, "revoked_at">>(
    "SELECT revoked_at FROM devices WHERE id = $1 AND user_id = $2",
    [deviceId, userId],
    { name: "devices-own-state" },
  );
  if (row === undefined) return "unknown";
  return row.revoked_at === null ? "active" : "revoked";
}

export async function requireOwnDevice(
  database: Queryable,
  userId: string,
  deviceId: string,
): Promise<Refusal | null> {
  const state = await ownDeviceState(database, userId, deviceId);
  if (state === "active") return null;
  return refuse(state === "revoked" ? "device-revoked" : "unknown-device");
}

/** Used now, to the minute: a row is not rewritten for every connection. */
export async function touchDevice(database: Queryable, deviceId: string, now: number): Promise<void> {
  await database.query("UPDATE devices SET last_used_at = $2 WHERE id = $1 AND last_used_at < $3", [
    deviceId,
    new Date(now),
    new Date(now - 60_000),
  ]);
}

/**
 * Revokes for good: its key packages and waiting welcomes go, and every group that has its leaf waits for a commit which
 * removes it. Answers those conversations, or a refusal when the device is not this user's active one.
 */
export function revokeDevice(
  { database, clock, audit }: DeviceStore,
  owner: DeviceOwner,
  deviceId: string,
): Promise<readonly string[] | Refusal> {
  return database.transaction(async (tx) => {
    await lockConversationsOf(tx, deviceId);
    const [revoked] = await tx.query<Pick<DeviceRow, "signature_key">>(
      `UPDATE devices SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL
       RETURNING signature_key`,
      [deviceId, owner.userId, new Date(clock.now())],
    );
    if (revoked === undefined) return refuse("unknown-device");
    await lockOwner(tx, owner.userId);
    const change = { change: "revoked", deviceId, signatureKey: revoked.signature_key } as const;
    await recordKeyChange(tx, audit.record, owner, change);
    await tx.query("DELETE FROM key_packages WHERE device_id = $1", [deviceId]);
    await tx.query("DELETE FROM welcome_recipients WHERE device_id = $1", [deviceId]);
    return orphanLeaves(tx, deviceId);
  });
}

/** A group may have gained the leaf while the device's row was waited for, so the conversations are looked up again. */
async function orphanLeaves(tx: Transaction, deviceId: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `UPDATE conversations SET has_orphans = true
     WHERE id IN (SELECT conversation_id FROM conversation_devices WHERE device_id = $1) RETURNING id`,
    [deviceId],
  );
  return rows.map((row) => row.id);
}

/** In the order of ids, as every writer that locks several does, and before the device, as every commit does. */
async function lockConversationsOf(tx: Transaction, deviceId: string): Promise<void> {
  await tx.query(
    `SELECT FROM conversations c
     WHERE c.id IN (SELECT conversation_id FROM conversation_devices WHERE device_id = $1)
     ORDER BY c.id FOR NO KEY UPDATE`,
    [deviceId],
  );
}

export function toPublicDevice(row: DeviceRow): PublicDevice {
  return {
    id: row.id,
    userId: row.user_id,
    signatureKey: row.signature_key.toString("base64url"),
    createdAt: row.created_at.getTime(),
    revokedAt: row.revoked_at?.getTime() ?? null,
  };
}

function toDevice(row: CountedDeviceRow): Device {
  return {
    ...toPublicDevice(row),
    name: row.name,
    lastUsedAt: row.last_used_at.getTime(),
    keyPackages: { "x-wing": row.x_wing, x25519: row.x25519 },
    lastResort: {
      "x-wing": row.last_resorts.includes("x-wing"),
      x25519: row.last_resorts.includes("x25519"),
    },
  };
}
