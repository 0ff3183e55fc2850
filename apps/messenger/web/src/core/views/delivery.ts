import type { Member } from "@rempart/messaging/contract";
import type { DeliveryState } from "../../client/api.ts";

/** How far one's own message at `seq` got among the other present members. Alone in a conversation it stays `sent`. */
export function deliveryOf(seq: number, members: readonly Member[], myId: string): DeliveryState {
  const others = members.filter((member) => member.userId !== myId);
  if (others.length === 0) return "sent";
  if (others.every((member) => member.read >= seq)) return "read";
  if (others.every((member) => Math.max(member.delivered, member.read) >= seq)) return "delivered";
  return "sent";
}
