import type { ConversationView } from "../../client/api.ts";

/** The first conversation, other than the open one, whose unread count rose since `before`. */
export function arrivalIn<C extends Pick<ConversationView, "id" | "unread">>(
  before: ReadonlyMap<string, number>,
  now: readonly C[],
  openId: string | undefined,
): C | null {
  return now.find(({ id, unread }) => id !== openId && unread > (before.get(id) ?? 0)) ?? null;
}
