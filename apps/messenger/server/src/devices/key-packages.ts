import { createHash } from "node:crypto";
import type { Database, Queryable, Transaction } from "@rempart/database";
import type { Purge } from "@rempart/database/maintenance";
import { type Clock, equalBytes } from "@rempart/kernel";
import { inspectKeyPackage, verifyKeyPackage } from "@rempart/messaging";
import { LIMITS, type PublicDevice, type Suite, suite as suites } from "@rempart/messaging/contract";
import { type Refusal, refuse } from "../refusal.ts";
import { requireOwnDevice } from "./devices.ts";

const DAY_MS = 86_400_000;
/** A key package lives at most this long on the server, whatever its own lifetime says. */
const LONGEST_LIFE_MS = 90 * DAY_MS;

interface CheckedPackage {
  readonly digest: Buffer;
  readonly body: Buffer;
  readonly expiresAt: Date;
}

export interface Upload {
  readonly suite: Suite;
  readonly keyPackages: readonly string[];
  readonly lastResort?: string | undefined;
}

/** Adds packages; one that was uploaded before, claimed or not, is counted as accepted and stored once. Answers how many of the suite can be claimed. */
export async function uploadKeyPackages(
  database: Database,
  clock: Clock,
  owner: { userId: string; deviceId: string },
  { suite, keyPackages, lastResort }: Upload,
): Promise<{ available: number } | Refusal> {
  const refusal = await requireOwnDevice(database, owner.userId, owner.deviceId);
  if (refusal !== null) return refusal;
  const key = await signatureKeyOf(database, owner.deviceId);
  const checked: CheckedPackage[] = [];
  for (const text of lastResort === undefined ? keyPackages : [...keyPackages, lastResort]) {
    const one = await checkPackage(Buffer.from(text, "base64url"), { ...owner, key, suite }, clock.now());
    if (one === null) {
      return refuse("malformed-mls", `key package ${checked.length} is not one of this device and suite`);
    }
    checked.push(one);
  }
  const stock = { single: checked.slice(0, keyPackages.length), lastResort: checked[keyPackages.length] };
  return database.transaction((tx) => storePackages(tx, clock, owner.deviceId, suite, stock));
}

async function signatureKeyOf(database: Queryable, deviceId: string): Promise<Buffer> {
  const [row] = await database.query<{ signature_key: Buffer }>(
    "SELECT signature_key FROM devices WHERE id = $1",
    [deviceId],
  );
  return row?.signature_key ?? Buffer.alloc(0);
}

interface Expected {
  readonly userId: string;
  readonly deviceId: string;
  readonly key: Uint8Array;
  readonly suite: Suite;
}

/** Null unless the package is well framed, names this device, carries its key, is signed by it and is valid now. */
async function checkPackage(body: Buffer, expected: Expected, now: number): Promise<CheckedPackage | null> {
  const info = inspectKeyPackage(body);
  if (info === null || info.suite !== expected.suite) return null;
  if (info.userId !== expected.userId || info.deviceId !== expected.deviceId) return null;
  if (!equalBytes(info.signatureKey, expected.key)) return null;
  const notAfter = Math.min(info.notAfter * 1000, now + LONGEST_LIFE_MS);
  if (notAfter <= now || !(await verifyKeyPackage(body))) return null;
  const digest = createHash("sha256").update(body).digest();
  return { digest, body, expiresAt: new Date(notAfter) };
}

interface Stock {
  /** Each to be handed out once. */
  readonly single: readonly CheckedPackage[];
  readonly lastResort: CheckedPackage | undefined;
}

async function storePackages(
  tx: Transaction,
  clock: Clock,
  deviceId: string,
  suite: Suite,
  { single, lastResort }: Stock,
): Promise<{ available: number } | Refusal> {
  const now = new Date(clock.now());
  // The device's row serialises uploads, so that the bound below holds.
  const [active] = await tx.query(
    "SELECT id FROM devices WHERE id = $1 AND revoked_at IS NULL FOR NO KEY UPDATE",
    [deviceId],
  );
  if (active === undefined) return refuse("device-revoked");
  const before = await countUnclaimed(tx, deviceId, now);
  if (before.all + single.length > LIMITS.keyPackagesPerDevice) return refuse("too-many-key-packages");
  if (lastResort !== undefined) {
    await tx.query(
      "DELETE FROM key_packages WHERE device_id = $1 AND suite = $2 AND last_resort AND digest <> $3",
      [deviceId, suite, lastResort.digest],
    );
    await insertPackage(tx, deviceId, suite, now, lastResort, true);
  }
  for (const one of single) await insertPackage(tx, deviceId, suite, now, one, false);
  const after = await countUnclaimed(tx, deviceId, now);
  return { available: suite === "x-wing" ? after.x_wing : after.x25519 };
}

async function insertPackage(
  tx: Transaction,
  deviceId: string,
  suite: Suite,
  now: Date,
  { digest, body, expiresAt }: CheckedPackage,
  lastResort: boolean,
): Promise<void> {
  await tx.query(
    `INSERT INTO key_packages (digest, device_id, suite, body, created_at, expires_at, last_resort)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING`,
    [digest, deviceId, suite, body, now, expiresAt, lastResort],
    { name: "key-packages-insert" },
  );
}

async function countUnclaimed(tx: Transaction, deviceId: string, now: Date) {
  const [row] = await tx.query<{ all: number; x_wing: number; x25519: number }>(
    `SELECT count(*) AS all, count(*) FILTER (WHERE suite = 'x-wing') AS x_wing,
       count(*) FILTER (WHERE suite = 'x25519') AS x25519
     FROM key_packages WHERE device_id = $1 AND claimed_at IS NULL AND NOT last_resort AND expires_at > $2`,
    [deviceId, now],
  );
  return row ?? { all: 0, x_wing: 0, x25519: 0 };
}

export interface ClaimedDevice extends PublicDevice {
  readonly keyPackage: string | null;
}

/**
 * Hands out one package for every active device of these people but the asking one. Each goes out once: concurrent claims
 * skip each other's rows, and a claimed row loses its body in the same statement. While none is left the last resort goes out,
 * to all who ask; that it did is marked by whoever comes first, and nobody waits for a mark.
 */
const CLAIM = `
WITH picked AS MATERIALIZED (
  SELECT d.id AS device_id, k.digest, coalesce(k.body, r.body) AS body, r.digest AS last_resort
  FROM devices d
  LEFT JOIN LATERAL (
    SELECT p.digest, p.body FROM key_packages p
    WHERE p.device_id = d.id AND p.suite = $3 AND p.claimed_at IS NULL AND NOT p.last_resort AND p.expires_at > $4
    ORDER BY p.created_at LIMIT 1
    FOR UPDATE SKIP LOCKED
  ) k ON true
  LEFT JOIN key_packages r ON k.digest IS NULL
    AND r.device_id = d.id AND r.suite = $3 AND r.last_resort AND r.expires_at > $4
  WHERE d.user_id = ANY ($1::uuid[]) AND d.revoked_at IS NULL AND d.id <> $2
), claimed AS (
  UPDATE key_packages p SET claimed_at = $4, body = NULL FROM picked WHERE p.digest = picked.digest
), used AS (
  UPDATE key_packages p SET used_at = $4 WHERE p.digest IN (
    SELECT u.digest FROM key_packages u
    WHERE u.digest IN (SELECT last_resort FROM picked) AND u.used_at IS NULL FOR UPDATE SKIP LOCKED)
)
SELECT d.id, d.user_id, d.signature_key, d.created_at, picked.body
FROM picked JOIN devices d ON d.id = picked.device_id
ORDER BY d.user_id, d.created_at, d.id`;

interface ClaimedRow {
  id: string;
  user_id: string;
  signature_key: Buffer;
  created_at: Date;
  body: Buffer | null;
}

export async function claimKeyPackages(
  database: Queryable,
  clock: Clock,
  claim: { userIds: readonly string[]; deviceId: string; suite: Suite },
): Promise<ClaimedDevice[]> {
  const rows = await database.query<ClaimedRow>(CLAIM, [
    claim.userIds,
    claim.deviceId,
    claim.suite,
    new Date(clock.now()),
  ]);
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    signatureKey: row.signature_key.toString("base64url"),
    createdAt: row.created_at.getTime(),
    revokedAt: null,
    keyPackage: row.body?.toString("base64url") ?? null,
  }));
}

const REACHABLE = `
SELECT d.user_id FROM devices d JOIN key_packages k ON k.device_id = d.id
WHERE d.user_id = ANY ($1::uuid[]) AND d.revoked_at IS NULL AND k.claimed_at IS NULL AND k.expires_at > $2
GROUP BY d.id HAVING count(DISTINCT k.suite) = $3`;

/** Those of these people who have a device that can be added to any conversation. */
export async function reachableUsers(
  database: Queryable,
  clock: Clock,
  userIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ user_id: string }>(REACHABLE, [
    userIds,
    new Date(clock.now()),
    suites.options.length,
  ]);
  return new Set(rows.map((row) => row.user_id));
}

/** Claimed ones included: they were kept so that an upload sent twice is not handed out twice. */
export const expiredKeyPackages: Purge = {
  name: "expired-key-packages",
  table: "key_packages",
  where: "expires_at <= $1",
  batch: 5_000,
  reason: "no device may join with them any more",
};
