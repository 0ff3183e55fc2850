import { type Database, isUniqueViolation, type Transaction } from "@rempart/database";
import type { NewConversationBody } from "@rempart/messaging/contract";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { type ConversationStore, recordChange } from "./changes.ts";
import { type AcceptedCommit, judgeCommit, type ProposedCommit } from "./commit-policy.ts";
import { type CommitRequest, type Decoded, decodeCommit, type Placed } from "./commit-request.ts";
import { type LockedGroup, lockDevices, lockGroup, usableUsers } from "./group-state.ts";
import { storeCommit } from "./store-commit.ts";

/** Moves a group to its next epoch, or says why not. When it resolves with a placing, the commit is durable. */
export async function commitEpoch(
  store: ConversationStore,
  request: CommitRequest,
): Promise<Placed | Refusal> {
  const decoded = decodeCommit(request.body);
  if (isRefusal(decoded)) return decoded;
  try {
    return await store.database.transaction(async (tx) => {
      const group = await lockGroup(tx, request.conversationId);
      if (group === null || !group.roles.has(request.senderId)) return refuse("unknown-conversation");
      return placeCommit(tx, store, group, request, decoded);
    });
  } catch (error) {
    // The id was placed in another conversation in this moment.
    if (isUniqueViolation(error)) return refuse("id-taken");
    throw error;
  }
}

export interface CreateRequest {
  readonly creatorId: string;
  readonly body: NewConversationBody;
}

/**
 * Creates a conversation and places its first commit, both or neither. A direct conversation exists once for two people:
 * the second is refused with the first one's id.
 */
export async function createConversation(
  store: ConversationStore,
  request: CreateRequest,
): Promise<Placed | Refusal> {
  const decoded = decodeCommit(request.body.first);
  if (isRefusal(decoded)) return decoded;
  const shape = judgeNew(request);
  if (shape !== null) return shape;
  try {
    return await store.database.transaction(async (tx) => {
      const { body, creatorId } = request;
      const existing = await findExisting(tx, request);
      if (existing !== null) return existing;
      await insertConversation(tx, store, request);
      const group = newGroup(request);
      const first = { conversationId: body.id, senderId: creatorId, body: body.first };
      const placed = await placeCommit(tx, store, group, first, decoded);
      // A refusal must leave no empty conversation behind.
      if (isRefusal(placed)) throw new Rollback(placed);
      return placed;
    });
  } catch (error) {
    if (error instanceof Rollback) return error.refusal;
    if (isUniqueViolation(error)) return (await findDirect(store.database, request)) ?? refuse("id-taken");
    throw error;
  }
}

/** Ends a transaction whose answer is a refusal. Never leaves this file. */
class Rollback extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

function judgeNew({ body, creatorId }: CreateRequest): Refusal | null {
  const { first, kind } = body;
  if (first.epoch !== 0 || first.change.external) {
    return refuse("commit-mismatch", "the first commit is a member's, from epoch 0");
  }
  const { addedUsers, removedUsers, removedDevices } = first.change;
  if (removedUsers.length + removedDevices.length > 0) {
    return refuse("commit-mismatch", "the first commit removes nobody");
  }
  if (addedUsers.includes(creatorId)) return refuse("commit-mismatch", "the creator is a member already");
  if (kind === "direct" && addedUsers.length !== 1) {
    return refuse("commit-mismatch", "a direct conversation has one other member");
  }
  return null;
}

/** The group before its first commit: its creator, and the creator's device as the only leaf. */
function newGroup({ body, creatorId }: CreateRequest): LockedGroup {
  return {
    id: body.id,
    // The first commit adds the other member: a direct conversation is closed from then on.
    kind: "group",
    suite: body.suite,
    epoch: 0,
    head: 0,
    roles: new Map([[creatorId, "owner"]]),
    leaves: new Map([[body.first.deviceId, creatorId]]),
    orphans: new Set(),
  };
}

/** The same request again gets its first answer; another direct conversation of the pair, its id. */
async function findExisting(tx: Transaction, request: CreateRequest): Promise<Placed | Refusal | null> {
  const { body, creatorId } = request;
  const [taken] = await tx.query("SELECT id FROM conversations WHERE id = $1", [body.id]);
  if (taken === undefined) return findDirect(tx, request);
  const earlier = await findEarlier(tx, body.first.id, body.id, creatorId);
  return earlier ?? refuse("id-taken");
}

async function findDirect(
  database: Pick<Database, "query">,
  { body, creatorId }: CreateRequest,
): Promise<Refusal | null> {
  if (body.kind !== "direct") return null;
  const [row] = await database.query<{ id: string }>("SELECT id FROM conversations WHERE direct_key = $1", [
    directKey(creatorId, body.first.change.addedUsers[0] as string),
  ]);
  return row === undefined ? null : refuse("conversation-exists", undefined, { conversationId: row.id });
}

function directKey(one: string, other: string): string {
  return one < other ? `${one}/${other}` : `${other}/${one}`;
}

async function insertConversation(
  tx: Transaction,
  { clock }: ConversationStore,
  { body, creatorId }: CreateRequest,
): Promise<void> {
  const key = body.kind === "direct" ? directKey(creatorId, body.first.change.addedUsers[0] as string) : null;
  const now = new Date(clock.now());
  await tx.query(
    `INSERT INTO conversations (id, kind, suite, epoch, head_seq, direct_key, created_at, last_message_at)
     VALUES ($1, $2, $3, 0, 0, $4, $5, $5)`,
    [body.id, body.kind, body.suite, key, now],
  );
  await tx.query(
    `INSERT INTO conversation_members (conversation_id, user_id, role, joined_at, joined_seq, changed_at)
     VALUES ($1, $2, 'owner', $3, 0, $3)`,
    [body.id, creatorId, now],
  );
  await tx.query(
    `INSERT INTO conversation_devices (conversation_id, device_id, user_id, added_seq) VALUES ($1, $2, $3, 0)`,
    [body.id, body.first.deviceId, creatorId],
  );
}

async function placeCommit(
  tx: Transaction,
  store: ConversationStore,
  group: LockedGroup,
  request: CommitRequest,
  decoded: Decoded,
): Promise<Placed | Refusal> {
  const { body, conversationId, senderId } = request;
  const earlier = await findEarlier(tx, body.id, conversationId, senderId);
  if (earlier !== null) return earlier;
  const { info } = decoded;
  const proposed: ProposedCommit = {
    senderId,
    deviceId: body.deviceId,
    epoch: body.epoch,
    change: body.change,
    info,
    directory: await lockDevices(tx, [body.deviceId, ...body.change.addedDevices]),
    knownUsers: await usableUsers(tx, body.change.addedUsers),
  };
  const accepted = judgeCommit(group, proposed);
  if (isRefusal(accepted)) return accepted;
  await recordMembers(tx, store, request, accepted);
  return storeCommit(tx, new Date(store.clock.now()), group, request, decoded, accepted);
}

/** Devices that come and go without their users are recorded where they are registered and revoked. */
async function recordMembers(
  tx: Transaction,
  store: ConversationStore,
  { conversationId, senderId }: CommitRequest,
  { addedUsers: added, removedUsers: removed }: AcceptedCommit,
): Promise<void> {
  if (added.length + removed.length === 0) return;
  await recordChange(tx, store, { conversationId, userId: senderId }, { change: "members", added, removed });
}

/** Whether this id was placed: by the same request (its answer again), or for something else (a refusal). */
async function findEarlier(
  tx: Transaction,
  id: string,
  conversationId: string,
  senderId: string,
): Promise<Placed | Refusal | null> {
  const [row] = await tx.query<{ seq: number; created_at: Date; same: boolean }>(
    `SELECT seq, created_at, conversation_id = $2 AND sender_id = $3 AND kind = 'commit' AS same
     FROM messages WHERE id = $1`,
    [id, conversationId, senderId],
  );
  if (row === undefined) return null;
  return row.same ? { seq: row.seq, sentAt: row.created_at.getTime(), fresh: false } : refuse("id-taken");
}
