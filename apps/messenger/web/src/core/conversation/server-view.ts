import type { ConversationDeps, ServerConversation } from "./deps.ts";
import { withReceipt } from "./receipts.ts";
import type { ConversationStore } from "./store.ts";

/** Takes over what the server says of the conversation; what this device knows better stays. */
export async function adoptServerView(
  { directory, myId }: ConversationDeps,
  store: ConversationStore,
  seen: ServerConversation,
): Promise<void> {
  await directory.learn(seen.members.map(({ userId, name }) => ({ id: userId, name })));
  await store.update(({ place, roster }) => {
    const members = roster.members.reduce<Members>(
      (merged, known) => withReceipt(merged, known.userId, known),
      seen.members,
    );
    const read = members.find((member) => member.userId === myId)?.read ?? 0;
    const readSeq = Math.max(read, place.readSeq);
    const gone = place.kind === "direct" ? whoIsGone(roster.members, seen.members) : undefined;
    const title = gone === undefined ? place.title : directory.person(gone.userId).name;
    const isSame = readSeq === place.readSeq && title === place.title;
    return {
      roster: { members, devices: seen.devices, orphans: seen.orphans },
      ...(!isSame && { place: { ...place, readSeq, title } }),
    };
  });
}

type Members = readonly ServerConversation["members"][number][];

function whoIsGone(before: Members, now: Members): Members[number] | undefined {
  const present = new Set(now.map(({ userId }) => userId));
  return before.find(({ userId }) => !present.has(userId));
}

export async function readServerView(
  deps: ConversationDeps,
  store: ConversationStore,
): Promise<ServerConversation> {
  const { conversation } = await deps.rest.call("conversation", { params: { conversationId: store.id } });
  await adoptServerView(deps, store, conversation);
  return conversation;
}
