import { type Database, isUniqueViolation, type Transaction } from "@rempart/database";
import type { Clock } from "@rempart/kernel";
import { type CommitInfo, inspectCommit, inspectGroupInfo, inspectMlsMessage } from "@rempart/messaging";
import type { CommitBody, NewConversationBody, Suite } from "@rempart/messaging/contract";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { type AcceptedCommit, judgeCommit, type ProposedCommit } from "./commit-policy.ts";
import { type LockedGroup, lockDevices, lockGroup, usableUsers } from "./group-state.ts";
import { IS_ORPHAN } from "./read.ts";

export interface Placed {
  readonly seq: number;
  readonly sentAt: number;
  /** False when the same request had been placed before. */
  readonly fresh: boolean;
}

export interface CommitRequest {
  readonly conversationId: string;
  readonly senderId: string;
  readonly body: CommitBody;
}

interface Decoded {
  readonly commit: Buffer;
  readonly info: CommitInfo;
  readonly welcome: Buffer | null;
  readonly groupInfo: Buffer;
}

/** Moves a group to its next epoch, or says why not. When it resolves with a placing, the commit is durable. */
export async function commitEpoch(
  database: Database,
  clock: Clock,
  request: CommitRequest,
): Promise<Placed | Refusal> {
  const decoded = decode(request.body);
  if (isRefusal(decoded)) return decoded;
  try {
    return await database.transaction(async (tx) => {
      const group = await lockGroup(tx, request.conversationId);
      if (group === null || !group.roles.has(request.senderId)) return refuse("unknown-conversation");
      return placeCommit(tx, clock, group, request, decoded);
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
  database: Database,
  clock: Clock,
  request: CreateRequest,
): Promise<Placed | Refusal> {
  const decoded = decode(request.body.first);
  if (isRefusal(decoded)) return decoded;
  const shape = judgeNew(request);
  if (shape !== null) return shape;
  try {
    return await database.transaction(async (tx) => {
      const { body, creatorId } = request;
      const existing = await findExisting(tx, request);
      if (existing !== null) return existing;
      await insertConversation(tx, clock, request);
      const group = newGroup(request);
      const first = { conversationId: body.id, senderId: creatorId, body: body.first };
      const placed = await placeCommit(tx, clock, group, first, decoded);
      // A refusal must leave no empty conversation behind.
      if (isRefusal(placed)) throw new Rollback(placed);
      return placed;
    });
  } catch (error) {
    if (error instanceof Rollback) return error.refusal;
    if (isUniqueViolation(error)) return (await findDirect(database, request)) ?? refuse("id-taken");
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

function decode(body: CommitBody): Decoded | Refusal {
  const commit = Buffer.from(body.commit, "base64url");
  const info = inspectCommit(commit);
  if (info === null) return refuse("malformed-mls", "commit is not a commit in a PublicMessage");
  const groupInfo = Buffer.from(body.groupInfo, "base64url");
  const about = inspectGroupInfo(groupInfo);
  if (about === null || !about.joinable) {
    return refuse("malformed-mls", "groupInfo is not a GroupInfo with ratchet tree and external key");
  }
  if (about.groupId !== info.groupId || about.epoch !== body.epoch + 1) {
    return refuse("commit-mismatch", "groupInfo is not of the epoch the commit leads to");
  }
  const welcome = body.welcome === undefined ? null : Buffer.from(body.welcome, "base64url");
  if (welcome !== null && inspectMlsMessage(welcome)?.wireFormat !== "welcome") {
    return refuse("malformed-mls", "welcome is not a Welcome");
  }
  if ((welcome !== null) !== info.added.length > 0) {
    return refuse("commit-mismatch", "a welcome comes with added devices, and only then");
  }
  return { commit, info, welcome, groupInfo };
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
  clock: Clock,
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
  clock: Clock,
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
  return store(tx, new Date(clock.now()), group, request, decoded, accepted);
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

async function store(
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
