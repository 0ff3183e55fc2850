import type { Audit } from "@rempart/audit";
import type { Database, Transaction } from "@rempart/database";
import type { Clock } from "@rempart/kernel";
import type { Role } from "@rempart/messaging/contract";

/** What a change of a conversation is written with. */
export interface ConversationStore {
  readonly database: Database;
  readonly clock: Clock;
  readonly audit: Pick<Audit, "record">;
}

export type ConversationChange =
  | { readonly change: "members"; readonly added: readonly string[]; readonly removed: readonly string[] }
  | { readonly change: "left" }
  | { readonly change: "role"; readonly userId: string; readonly role: Role };

/** Who is in a conversation, and as what, changes: recorded in the transaction of the change. */
export async function recordChange(
  tx: Transaction,
  { audit }: Pick<ConversationStore, "audit">,
  { conversationId, userId }: { readonly conversationId: string; readonly userId: string },
  metadata: ConversationChange,
): Promise<void> {
  await audit.record(tx, {
    type: "conversation.changed",
    actor: { userId },
    resource: { type: "conversation", id: conversationId, metadata: { ...metadata } },
  });
}
