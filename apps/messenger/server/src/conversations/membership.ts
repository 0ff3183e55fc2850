import type { Database, Transaction } from "@rempart/database";
import type { ConversationEvent, Role } from "@rempart/messaging/contract";
import { type Refusal, refuse } from "../refusal.ts";
import { type ConversationStore, recordChange } from "./changes.ts";
import { type LockedGroup, lockGroup } from "./group-state.ts";
import { IS_ORPHAN } from "./read.ts";

export interface PlacedEvent {
  readonly seq: number;
}

export interface EventRequest {
  /** Of the message that will stand for the event. */
  readonly id: string;
  readonly conversationId: string;
  readonly userId: string;
}

/** Ends a membership at once; the leaves stay in the tree as orphans until the next commit. */
export function leave(store: ConversationStore, request: EventRequest): Promise<PlacedEvent | Refusal> {
  return inGroup(store.database, request, async (tx, group) => {
    if (group.kind === "direct") return refuse("forbidden", "a direct conversation is not left");
    if (leavesNoOwner(group, request.userId)) return refuse("last-owner");
    await recordChange(tx, store, request, { change: "left" });
    const now = new Date(store.clock.now());
    await tx.query(
      `UPDATE conversation_members SET left_at = $3, changed_at = $3 WHERE conversation_id = $1 AND user_id = $2`,
      [group.id, request.userId, now],
    );
    await tx.query(
      `DELETE FROM welcome_recipients r USING welcomes w, devices v
       WHERE w.id = r.welcome_id AND w.conversation_id = $1 AND v.id = r.device_id AND v.user_id = $2`,
      [group.id, request.userId],
    );
    return placeEvent(tx, now, group, request, { type: "left", userId: request.userId });
  });
}

export function setRole(
  store: ConversationStore,
  request: EventRequest & { readonly targetId: string; readonly role: Role },
): Promise<PlacedEvent | null | Refusal> {
  return inGroup(store.database, request, async (tx, group) => {
    const { targetId, role } = request;
    if (group.kind === "direct" || group.roles.get(request.userId) !== "owner") return refuse("forbidden");
    const present = group.roles.get(targetId);
    if (present === undefined) return refuse("unknown-user");
    if (present === role) return null;
    if (present === "owner" && leavesNoOwner(group, targetId)) return refuse("last-owner");
    await tx.query("UPDATE conversation_members SET role = $3 WHERE conversation_id = $1 AND user_id = $2", [
      group.id,
      targetId,
      role,
    ]);
    await recordChange(tx, store, request, { change: "role", userId: targetId, role });
    return placeEvent(tx, new Date(store.clock.now()), group, request, {
      type: "role",
      userId: targetId,
      role,
    });
  });
}

/** True when the group would go on without an owner. The last member may leave: nobody is left to own anything. */
function leavesNoOwner(group: LockedGroup, userId: string): boolean {
  const others = [...group.roles].filter(([id]) => id !== userId);
  return others.length > 0 && !others.some(([, role]) => role === "owner");
}

/** Runs `work` under the conversation's lock, for an active member. */
function inGroup<T>(
  database: Database,
  { conversationId, userId }: EventRequest,
  work: (tx: Transaction, group: LockedGroup) => Promise<T>,
): Promise<T | Refusal> {
  return database.transaction(async (tx) => {
    const group = await lockGroup(tx, conversationId);
    if (group === null || !group.roles.has(userId)) return refuse("unknown-conversation");
    return work(tx, group);
  });
}

async function placeEvent(
  tx: Transaction,
  now: Date,
  group: LockedGroup,
  { id, userId }: EventRequest,
  event: ConversationEvent,
): Promise<PlacedEvent> {
  const seq = group.head + 1;
  await tx.query(
    `INSERT INTO messages (id, conversation_id, seq, sender_id, kind, event, created_at)
     VALUES ($1, $2, $3, $4, 'event', $5, $6)`,
    [id, group.id, seq, userId, event, now],
  );
  await tx.query(
    `UPDATE conversations SET head_seq = $2, last_message_at = $3,
       has_orphans = EXISTS (SELECT FROM conversation_devices d WHERE d.conversation_id = $1 AND ${IS_ORPHAN})
     WHERE id = $1`,
    [group.id, seq, now],
  );
  return { seq };
}
