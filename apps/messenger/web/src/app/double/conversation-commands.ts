import type { MessengerClient } from "../../client/api.ts";
import { PEOPLE } from "./people.ts";
import { type DoubleState, membersWith } from "./state.ts";

type ConversationCommands = Pick<
  MessengerClient,
  | "searchUsers"
  | "startDirect"
  | "createGroup"
  | "addMembers"
  | "removeMember"
  | "setRole"
  | "renameGroup"
  | "leave"
>;

export function conversationCommands(state: DoubleState): ConversationCommands {
  function directWith(userId: string): { conversationId: string } {
    const known = state.conversations
      .get()
      ?.find((each) => each.kind === "direct" && each.members.some((one) => one.id === userId));
    if (known) return { conversationId: known.id };
    const title = PEOPLE.find((each) => each.id === userId)?.name ?? null;
    return state.open({ kind: "direct", title, members: membersWith([userId]) });
  }

  return {
    searchUsers: (query) =>
      state.answer(() => PEOPLE.filter((each) => each.name.toLowerCase().includes(query.toLowerCase()))),
    startDirect: (userId) => state.answer(() => directWith(userId)),
    createGroup: ({ title, userIds }) =>
      state.answer(() => state.open({ kind: "group", title, members: membersWith(userIds) })),
    addMembers: (id, userIds) =>
      state.answer(() => state.changeMembers(id, (now) => [...now, ...membersWith(userIds).slice(1)])),
    removeMember: (id, userId) =>
      state.answer(() => state.changeMembers(id, (now) => now.filter((each) => each.id !== userId))),
    setRole: (id, userId, role) =>
      state.answer(() =>
        state.changeMembers(id, (now) => now.map((each) => (each.id === userId ? { ...each, role } : each))),
      ),
    renameGroup: (id, title) => state.answer(() => state.change(id, { title })),
    leave: (id) => state.answer(() => state.change(id, { active: false })),
  };
}
