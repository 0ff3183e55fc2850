import type { Transaction } from "@rempart/database";
import type { Suite } from "@rempart/messaging/contract";
import type { AcceptedCommit } from "./commit-policy.ts";
import type { CommitRequest, Decoded, Placed } from "./commit-request.ts";
import type { LockedGroup } from "./group-state.ts";
import { IS_ORPHAN } from "./read.ts";

/** Everything an accepted commit changes, in the transaction that holds the conversation's lock. */
export async function storeCommit(
  tx: Transaction,
  now: Date,
  group: LockedGroup,
  { body, conversationId, senderId }: CommitRequest,
  decoded: Decoded,
  accepted: AcceptedCommit,
): Promise<Placed> {
  const seq = group.head + 1;
  await tx.query(
    `INSERT INTO messages (id, conversation_id, seq, sender_id, device_id, kind, epoch, body, change, created_at)
     VALUES ($1, $2, $3, $4, $5, 'commit', $6, $7, $8, $9)`,
    [body.id, conversationId, seq, senderId, body.deviceId, body.epoch, decoded.commit, body.change, now],
  );
  await storeMembers(tx, now, conversationId, seq, accepted);
  await storeLeaves(tx, conversationId, seq, accepted);
  await storeGroupInfo(tx, conversationId, body.epoch + 1, seq, decoded.groupInfo);
  if (decoded.welcome !== null) {
    const welcome = { id: body.id, conversationId, seq, epoch: body.epoch + 1, suite: group.suite };
    await storeWelcome(tx, now, welcome, decoded.welcome, [...accepted.addedLeaves.keys()]);
  }
  await moveOn(tx, now, conversationId, body.epoch + 1, seq);
  return { seq, sentAt: now.getTime(), fresh: true };
}

async function storeMembers(
  tx: Transaction,
  now: Date,
  conversationId: string,
  seq: number,
  { addedUsers, removedUsers }: AcceptedCommit,
): Promise<void> {
  await tx.query(
    `UPDATE conversation_members SET left_at = $3, changed_at = $3
     WHERE conversation_id = $1 AND user_id = ANY ($2::uuid[]) AND left_at IS NULL`,
    [conversationId, removedUsers, now],
  );
  await tx.query(
    `INSERT INTO conversation_members AS m
       (conversation_id, user_id, role, joined_at, joined_seq, delivered_seq, read_seq, changed_at)
     SELECT $1, u, 'member', $3, $4, $4, $4, $3 FROM unnest($2::uuid[]) AS u
     ON CONFLICT (conversation_id, user_id) DO UPDATE
     SET role = 'member', joined_at = $3, joined_seq = $4, left_at = NULL, changed_at = $3,
       delivered_seq = $4, read_seq = $4`,
    [conversationId, addedUsers, now, seq],
  );
}

async function storeLeaves(
  tx: Transaction,
  conversationId: string,
  seq: number,
  { addedLeaves, removedLeaves }: AcceptedCommit,
): Promise<void> {
  await tx.query(
    "DELETE FROM conversation_devices WHERE conversation_id = $1 AND device_id = ANY ($2::uuid[])",
    [conversationId, removedLeaves],
  );
  await tx.query(
    `DELETE FROM welcome_recipients r USING welcomes w
     WHERE w.id = r.welcome_id AND w.conversation_id = $1 AND r.device_id = ANY ($2::uuid[])`,
    [conversationId, removedLeaves],
  );
  await tx.query(
    `INSERT INTO conversation_devices (conversation_id, device_id, user_id, added_seq)
     SELECT $1, d.id, d.user_id, $4 FROM unnest($2::uuid[], $3::uuid[]) AS d (id, user_id)`,
    [conversationId, [...addedLeaves.keys()], [...addedLeaves.values()], seq],
  );
}

async function storeGroupInfo(
  tx: Transaction,
  conversationId: string,
  epoch: number,
  seq: number,
  body: Buffer,
): Promise<void> {
  await tx.query(
    `INSERT INTO group_infos (conversation_id, epoch, seq, body) VALUES ($1, $2, $3, $4)
     ON CONFLICT (conversation_id) DO UPDATE SET epoch = $2, seq = $3, body = $4`,
    [conversationId, epoch, seq, body],
  );
}

interface WelcomeHead {
  readonly id: string;
  readonly conversationId: string;
  readonly seq: number;
  readonly epoch: number;
  readonly suite: Suite;
}

/** One body, however many devices wait for it. */
async function storeWelcome(
  tx: Transaction,
  now: Date,
  head: WelcomeHead,
  body: Buffer,
  deviceIds: readonly string[],
): Promise<void> {
  await tx.query(
    `INSERT INTO welcomes (id, conversation_id, seq, epoch, suite, body, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [head.id, head.conversationId, head.seq, head.epoch, head.suite, body, now],
  );
  await tx.query(
    "INSERT INTO welcome_recipients (welcome_id, device_id) SELECT $1, d FROM unnest($2::uuid[]) AS d",
    [head.id, deviceIds],
  );
}

/** The transaction holds the row's lock since it read the epoch: this is the swap of the compare-and-swap. */
async function moveOn(
  tx: Transaction,
  now: Date,
  conversationId: string,
  epoch: number,
  seq: number,
): Promise<void> {
  await tx.query(
    `UPDATE conversations SET epoch = $2, head_seq = $3, last_message_at = $4,
       has_orphans = EXISTS (SELECT FROM conversation_devices d WHERE d.conversation_id = $1 AND ${IS_ORPHAN})
     WHERE id = $1`,
    [conversationId, epoch, seq, now],
  );
}
