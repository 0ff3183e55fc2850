import type { ConversationDeps } from "./deps.ts";
import type { RoomState } from "./store.ts";

/**
 * Whether another member has a device in the group, or nobody is left to have one. What is said while nobody has is encrypted
 * for nobody: a device that joins later by itself cannot read it.
 */
export function hasReaders(
  { mls, myId }: Pick<ConversationDeps, "mls" | "myId">,
  { group, roster }: Pick<RoomState, "group" | "roster">,
): boolean {
  const others = new Set(roster.members.map(({ userId }) => userId).filter((id) => id !== myId));
  if (group === null || others.size === 0) return true;
  return mls.leaves(group).some(({ userId }) => others.has(userId));
}
