import type { Queryable } from "@rempart/database";
import { fromBase64Url, fromUtf8, isUuid } from "@rempart/kernel";
import { type Conversation, LIMITS, type Member, type Role, type Suite } from "@rempart/messaging/contract";
import { type Refusal, refuse } from "../refusal.ts";

interface ConversationRow {
  id: string;
  kind: "direct" | "group";
  suite: Suite;
  epoch: number;
  head_seq: number;
  joined_seq: number;
  created_at: Date;
  last_message_at: Date;
}

interface MemberRow {
  conversation_id: string;
  user_id: string;
  name: string;
  role: Role;
  joined_at: Date;
  delivered_seq: number;
  read_seq: number;
}

interface LeafRow {
  conversation_id: string;
  device_id: string;
  orphan: boolean;
}

const SELECT = `
SELECT c.id, c.kind, c.suite, c.epoch, c.head_seq, m.joined_seq, c.created_at, c.last_message_at
FROM conversation_members m JOIN conversations c ON c.id = m.conversation_id
WHERE m.user_id = $1 AND m.left_at IS NULL`;

/** The conversation as this member sees it, or null: it does not exist, or is none of theirs. */
export async function readConversation(
  database: Queryable,
  userId: string,
  conversationId: string,
): Promise<Conversation | null> {
  const rows = await database.query<ConversationRow>(`${SELECT} AND c.id = $2`, [userId, conversationId]);
  const [conversation] = await complete(database, rows);
  return conversation ?? null;
}

export interface ConversationPage {
  readonly conversations: Conversation[];
  readonly next: string | null;
}

/** A page, the latest activity first. `cursor` is the `next` of the page before. */
export async function listConversations(
  database: Queryable,
  userId: string,
  cursor: string | undefined,
): Promise<ConversationPage | Refusal> {
  const after = cursor === undefined ? FIRST : decodeCursor(cursor);
  if (after === null) return refuse("validation-failed", "cursor is none of ours");
  const rows = await database.query<ConversationRow>(
    `${SELECT} AND (c.last_message_at, c.id) < ($2, $3::uuid)
     ORDER BY c.last_message_at DESC, c.id DESC LIMIT $4`,
    [userId, new Date(after.at), after.id, LIMITS.conversationsPerPage + 1],
  );
  const page = rows.slice(0, LIMITS.conversationsPerPage);
  const last = rows.length > page.length ? page.at(-1) : undefined;
  const next = last === undefined ? null : encodeCursor(last.last_message_at.getTime(), last.id);
  return { conversations: await complete(database, page), next };
}

interface Position {
  readonly at: number;
  readonly id: string;
}

/** Later than anything that can be stored: the year 9999. */
const LAST_TIME = 253_402_300_799_000;
const FIRST: Position = { at: LAST_TIME, id: "ffffffff-ffff-8fff-bfff-ffffffffffff" };

function encodeCursor(at: number, id: string): string {
  return Buffer.from(`${at}/${id}`).toString("base64url");
}

function decodeCursor(cursor: string): Position | null {
  const bytes = fromBase64Url(cursor);
  const parts = bytes === null ? [] : (fromUtf8(bytes)?.split("/") ?? []);
  const [at = "", id = ""] = parts;
  if (parts.length !== 2 || !/^\d{1,15}$/.test(at) || !isUuid(id) || Number(at) > LAST_TIME) return null;
  return { at: Number(at), id };
}

/** Adds members and devices to conversations, three statements however many there are. */
async function complete(database: Queryable, rows: readonly ConversationRow[]): Promise<Conversation[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const [members, leaves] = await Promise.all([readMembers(database, ids), readLeaves(database, ids)]);
  const membersOf = Map.groupBy(members, (row) => row.conversation_id);
  const leavesOf = Map.groupBy(leaves, (row) => row.conversation_id);
  return rows.map((row) => toConversation(row, membersOf.get(row.id) ?? [], leavesOf.get(row.id) ?? []));
}

function readMembers(database: Queryable, ids: readonly string[]): Promise<MemberRow[]> {
  return database.query<MemberRow>(
    `SELECT m.conversation_id, m.user_id, u.name, m.role, m.joined_at, m.delivered_seq, m.read_seq
     FROM conversation_members m JOIN users u ON u.id = m.user_id
     WHERE m.conversation_id = ANY ($1::uuid[]) AND m.left_at IS NULL
     ORDER BY m.joined_at, m.user_id`,
    [ids],
  );
}

/** An orphan is a leaf whose device is revoked or gone, or whose user is not an active member. */
export const IS_ORPHAN = `
  (NOT EXISTS (SELECT FROM devices v WHERE v.id = d.device_id AND v.revoked_at IS NULL)
  OR NOT EXISTS (SELECT FROM conversation_members a
    WHERE a.conversation_id = d.conversation_id AND a.user_id = d.user_id AND a.left_at IS NULL))`;

function readLeaves(database: Queryable, ids: readonly string[]): Promise<LeafRow[]> {
  return database.query<LeafRow>(
    `SELECT d.conversation_id, d.device_id, ${IS_ORPHAN} AS orphan
     FROM conversation_devices d WHERE d.conversation_id = ANY ($1::uuid[])
     ORDER BY d.added_seq, d.device_id`,
    [ids],
  );
}

function toConversation(
  row: ConversationRow,
  members: readonly MemberRow[],
  leaves: readonly LeafRow[],
): Conversation {
  return {
    id: row.id,
    kind: row.kind,
    suite: row.suite,
    epoch: row.epoch,
    head: row.head_seq,
    joinedSeq: row.joined_seq,
    createdAt: row.created_at.getTime(),
    lastMessageAt: row.last_message_at.getTime(),
    members: members.map(toMember),
    devices: leaves.map((leaf) => leaf.device_id),
    orphans: leaves.filter((leaf) => leaf.orphan).map((leaf) => leaf.device_id),
  };
}

function toMember(row: MemberRow): Member {
  return {
    userId: row.user_id,
    name: row.name,
    role: row.role,
    joinedAt: row.joined_at.getTime(),
    delivered: row.delivered_seq,
    read: row.read_seq,
  };
}

export interface GroupInfo {
  readonly epoch: number;
  readonly seq: number;
  readonly groupInfo: string;
}

/** Of the present epoch, for an active member; null otherwise. */
export async function readGroupInfo(
  database: Queryable,
  userId: string,
  conversationId: string,
): Promise<GroupInfo | null> {
  const [row] = await database.query<{ epoch: number; seq: number; body: Buffer }>(
    `SELECT g.epoch, g.seq, g.body FROM group_infos g
     JOIN conversation_members m ON m.conversation_id = g.conversation_id
     WHERE g.conversation_id = $1 AND m.user_id = $2 AND m.left_at IS NULL`,
    [conversationId, userId],
  );
  return row === undefined
    ? null
    : { epoch: row.epoch, seq: row.seq, groupInfo: row.body.toString("base64url") };
}
