import { createHash } from "node:crypto";
import type { Database, Queryable, Transaction } from "@rempart/database";
import type { Purge } from "@rempart/database/maintenance";
import { type Clock, equalBytes } from "@rempart/kernel";
import { inspectKeyPackage, verifyKeyPackage } from "@rempart/messaging";
import { LIMITS, type PublicDevice, type Suite } from "@rempart/messaging/contract";
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

/** Adds packages; one that was uploaded before, claimed or not, is counted as accepted and stored once. Answers how many of the suite can be claimed. */
export async function uploadKeyPackages(
  database: Database,
  clock: Clock,
  owner: { userId: string; deviceId: string },
  suite: Suite,
  encoded: readonly string[],
): Promise<{ available: number } | Refusal> {
  const refusal = await requireOwnDevice(database, owner.userId, owner.deviceId);
  if (refusal !== null) return refusal;
  const key = await signatureKeyOf(database, owner.deviceId);
  const checked: CheckedPackage[] = [];
  for (const text of encoded) {
    const one = await checkPackage(Buffer.from(text, "base64url"), { ...owner, key, suite }, clock.now());
    if (one === null) {
      return refuse("malformed-mls", `key package ${checked.length} is not one of this device and suite`);
    }
    checked.push(one);
  }
  return database.transaction((tx) => storePackages(tx, clock, owner.deviceId, suite, checked));
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

async function storePackages(
  tx: Transaction,
  clock: Clock,
  deviceId: string,
  suite: Suite,
  packages: readonly CheckedPackage[],
): Promise<{ available: number } | Refusal> {
  const now = new Date(clock.now());
  // The device's row serialises uploads, so that the bound below holds.
  const [active] = await tx.query(
    "SELECT id FROM devices WHERE id = $1 AND revoked_at IS NULL FOR NO KEY UPDATE",
    [deviceId],
  );
  if (active === undefined) return refuse("device-revoked");
  const before = await countUnclaimed(tx, deviceId, now);
  if (before.all + packages.length > LIMITS.keyPackagesPerDevice) return refuse("too-many-key-packages");
  for (const one of packages) {
    await tx.query(
      `INSERT INTO key_packages (digest, device_id, suite, body, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO NOTHING`,
      [one.digest, deviceId, suite, one.body, now, one.expiresAt],
      { name: "key-packages-insert" },
    );
  }
  const after = await countUnclaimed(tx, deviceId, now);
  return { available: suite === "x-wing" ? after.x_wing : after.x25519 };
}

async function countUnclaimed(tx: Transaction, deviceId: string, now: Date) {
  const [row] = await tx.query<{ all: number; x_wing: number; x25519: number }>(
    `SELECT count(*) AS all, count(*) FILTER (WHERE suite = 'x-wing') AS x_wing,
       count(*) FILTER (WHERE suite = 'x25519') AS x25519
     FROM key_packages WHERE device_id = $1 AND claimed_at IS NULL AND expires_at > $2`,
    [deviceId, now],
  );
  return row ?? { all: 0, x_wing: 0, x25519: 0 };
}

export interface ClaimedDevice extends PublicDevice {
  readonly keyPackage: string | null;
}

/**
 * Hands out one package for every active device of these people but the asking one. Each goes out once: concurrent claims
 * skip each other's rows, and a claimed row loses its body in the same statement.
 */
const CLAIM = `
WITH picked AS MATERIALIZED (
  SELECT d.id AS device_id, k.digest, k.body
  FROM devices d
  LEFT JOIN LATERAL (
    SELECT p.digest, p.body FROM key_packages p
    WHERE p.device_id = d.id AND p.suite = $3 AND p.claimed_at IS NULL AND p.expires_at > $4
    ORDER BY p.created_at LIMIT 1
    FOR UPDATE SKIP LOCKED
  ) k ON true
  WHERE d.user_id = ANY ($1::uuid[]) AND d.revoked_at IS NULL AND d.id <> $2
), claimed AS (
  UPDATE key_packages p SET claimed_at = $4, body = NULL FROM picked WHERE p.digest = picked.digest
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

/** Claimed ones included: they were kept so that an upload sent twice is not handed out twice. */
export const expiredKeyPackages: Purge = {
  name: "expired-key-packages",
  table: "key_packages",
  where: "expires_at <= $1",
  batch: 5_000,
  reason: "no device may join with them any more",
};
