import type { ConversationView, MemberView, Person } from "../../client/api.ts";
import type { Place } from "../conversation/store.ts";
import { itemView, type ViewContext } from "./items.ts";

/** What is true now and not stored. */
export interface Passing {
  readonly active: boolean;
  readonly sync: ConversationView["sync"];
  readonly typing: readonly string[];
}

export interface ConversationContext extends ViewContext {
  online(userId: string): boolean;
}

export function conversationView(
  place: Place,
  passing: Passing,
  context: ConversationContext,
): ConversationView {
  const me = context.members.find((member) => member.userId === context.myId);
  return {
    id: place.id,
    kind: place.kind,
    title: titleOf(place, context),
    members: context.members.map(
      (member): MemberView => ({
        ...context.person(member.userId),
        role: member.role,
        online: context.online(member.userId),
        read: member.read,
        delivered: member.delivered,
      }),
    ),
    myRole: me?.role ?? "member",
    active: passing.active,
    postQuantum: place.suite === "x-wing",
    unread: place.unread,
    draft: place.draft,
    lastActivityAt: place.lastActivityAt,
    preview: place.preview && itemView(place.preview.item, place.preview.seq, context),
    typing: passing.typing.map((id): Person => context.person(id)),
    sync: passing.sync,
  };
}

/** A direct conversation is called after the other person, also when their account is gone; one with oneself alone after oneself. */
function titleOf(place: Place, context: ViewContext): string | null {
  if (place.kind === "group") return place.title;
  const other = context.members.find((member) => member.userId !== context.myId);
  if (other !== undefined) return context.person(other.userId).name;
  return place.title ?? context.person(context.myId).name;
}
