import { readRange } from "../../messages/read.ts";
import type { Services } from "./services.ts";

/**
 * Hands what a request just stored to whoever listens. Commits and events are rare: they are read back as others will read
 * them. `creator` goes with the first position of a new conversation.
 */
export async function announceAt(
  { database, hub, metrics }: Pick<Services, "database" | "hub" | "metrics">,
  conversationId: string,
  seq: number,
  creator?: string,
): Promise<void> {
  const [message] = await readRange(database, conversationId, seq - 1, seq, 1);
  if (message === undefined) return;
  metrics.messageStored(message.kind);
  hub.storedMessage(message, creator);
}
