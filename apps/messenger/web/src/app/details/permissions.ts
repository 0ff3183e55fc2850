import type { ConversationView, MemberView } from "../../client/api.ts";

type Rights = Pick<ConversationView, "kind" | "active" | "myRole">;

/** Owners and admins add and rename. The server decides; this only hides what it would refuse. */
export function mayChangeMembers({ kind, active, myRole }: Rights): boolean {
  return kind === "group" && active && myRole !== "member";
}

/** Owners give roles, to others. */
export function maySetRole(conversation: Rights, member: Pick<MemberView, "id">, me: string): boolean {
  return (
    conversation.kind === "group" &&
    conversation.active &&
    conversation.myRole === "owner" &&
    member.id !== me
  );
}

/** Owners remove anybody else; admins only ordinary members. */
export function mayRemove(
  conversation: Rights,
  member: Pick<MemberView, "id" | "role">,
  me: string,
): boolean {
  if (!mayChangeMembers(conversation) || member.id === me) return false;
  return conversation.myRole === "owner" || member.role === "member";
}
