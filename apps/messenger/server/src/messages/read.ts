import type { Queryable } from "@rempart/database";
import type { ConversationEvent, MembershipChange, Message } from "@rempart/messaging/contract";

interface MessageRow {
  id: string;
  conversation_id: string;
  seq: number;
  sender_id: string;
  device_id: string;
  kind: "application" | "commit" | "event";
  epoch: number;
  body: Buffer;
  change: MembershipChange;
  event: ConversationEvent;
  created_at: Date;
}

/** Bytes of bodies in one page; the first message always comes, so that every request makes progress. */
const PAGE_BYTES = 4 * 1024 * 1024;

const GAP = `
SELECT id, conversation_id, seq, sender_id, device_id, kind, epoch, body, change, event, created_at FROM (
  SELECT m.*, sum(octet_length(m.body)) OVER (ORDER BY m.seq) - octet_length(m.body) AS before
  FROM messages m WHERE m.conversation_id = $1 AND m.seq > $2 AND m.seq <= $3
  ORDER BY m.seq LIMIT $4
) page WHERE before < ${PAGE_BYTES} OR before IS NULL ORDER BY seq`;

/** Messages with `after < seq <= upTo`, in order and without a hole, at most `limit` and about 4 MiB of them. */
export async function readRange(
  database: Queryable,
  conversationId: string,
  after: number,
  upTo: number,
  limit: number,
): Promise<Message[]> {
  const rows = await database.query<MessageRow>(GAP, [conversationId, after, upTo, limit], {
    name: "messages-range",
  });
  return withoutHole(rows, after).map(toMessage);
}

/** An event has no size, so it can pass the bound behind a message that did not. */
function withoutHole(rows: readonly MessageRow[], after: number): MessageRow[] {
  const end = rows.findIndex((row, index) => row.seq !== after + 1 + index);
  return end < 0 ? [...rows] : rows.slice(0, end);
}

export interface Gap {
  readonly messages: Message[];
  readonly head: number;
  readonly reset: boolean;
}

/** What an active member has not seen after a position; null when they are not one. */
export async function readGap(
  database: Queryable,
  request: { userId: string; conversationId: string; after: number; limit: number },
): Promise<Gap | null> {
  const { userId, conversationId, after, limit } = request;
  const [member] = await database.query<{ joined_seq: number; head_seq: number }>(
    `SELECT m.joined_seq, c.head_seq FROM conversation_members m JOIN conversations c ON c.id = m.conversation_id
     WHERE m.conversation_id = $1 AND m.user_id = $2 AND m.left_at IS NULL`,
    [conversationId, userId],
    { name: "messages-gap-bounds" },
  );
  if (member === undefined) return null;
  const head = member.head_seq;
  if (after < member.joined_seq || after > head) return { messages: [], head, reset: true };
  return { messages: await readRange(database, conversationId, after, head, limit), head, reset: false };
}

function toMessage(row: MessageRow): Message {
  const placed = {
    id: row.id,
    conversationId: row.conversation_id,
    seq: row.seq,
    senderId: row.sender_id,
    sentAt: row.created_at.getTime(),
  };
  if (row.kind === "event") return { ...placed, kind: "event", event: row.event };
  const framed = {
    ...placed,
    deviceId: row.device_id,
    epoch: row.epoch,
    body: row.body.toString("base64url"),
  };
  if (row.kind === "commit") return { ...framed, kind: "commit", change: row.change };
  return { ...framed, kind: "application" };
}
