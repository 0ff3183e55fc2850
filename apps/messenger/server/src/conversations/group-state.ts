import type { Transaction } from "@rempart/database";
import type { Role, Suite } from "@rempart/messaging/contract";
import type { GroupState, KnownDevice } from "./commit-policy.ts";
import { IS_ORPHAN } from "./read.ts";

export interface LockedGroup extends GroupState {
  readonly head: number;
}

/** Locks the conversation until the transaction ends and reads all of it, or null when there is none. */
export async function lockGroup(tx: Transaction, conversationId: string): Promise<LockedGroup | null> {
  const [row] = await tx.query<{ kind: "direct" | "group"; suite: Suite; epoch: number; head_seq: number }>(
    "SELECT kind, suite, epoch, head_seq FROM conversations WHERE id = $1 FOR NO KEY UPDATE",
    [conversationId],
  );
  if (row === undefined) return null;
  const members = await tx.query<{ user_id: string; role: Role }>(
    "SELECT user_id, role FROM conversation_members WHERE conversation_id = $1 AND left_at IS NULL",
    [conversationId],
  );
  const leaves = await tx.query<{ device_id: string; user_id: string; orphan: boolean }>(
    `SELECT d.device_id, d.user_id, ${IS_ORPHAN} AS orphan
     FROM conversation_devices d WHERE d.conversation_id = $1`,
    [conversationId],
  );
  return {
    id: conversationId,
    kind: row.kind,
    suite: row.suite,
    epoch: row.epoch,
    head: row.head_seq,
    roles: new Map(members.map((member) => [member.user_id, member.role])),
    leaves: new Map(leaves.map((leaf) => [leaf.device_id, leaf.user_id])),
    orphans: new Set(leaves.filter((leaf) => leaf.orphan).map((leaf) => leaf.device_id)),
  };
}

/** The devices as the directory has them; unknown ids are absent. They stay as they are until the transaction ends. */
export async function lockDevices(
  tx: Transaction,
  deviceIds: readonly string[],
): Promise<Map<string, KnownDevice>> {
  const rows = await tx.query<{
    id: string;
    user_id: string;
    signature_key: Buffer;
    revoked_at: Date | null;
  }>(
    `SELECT id, user_id, signature_key, revoked_at FROM devices
     WHERE id = ANY ($1::uuid[]) ORDER BY id FOR SHARE`,
    [deviceIds],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      { userId: row.user_id, signatureKey: row.signature_key, revoked: row.revoked_at !== null },
    ]),
  );
}

/** Those of the ids that are accounts which may use the messenger. */
export async function usableUsers(tx: Transaction, userIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(
    "SELECT id FROM users WHERE id = ANY ($1::uuid[]) AND status = 'ACTIVE'",
    [userIds],
  );
  return new Set(rows.map((row) => row.id));
}
