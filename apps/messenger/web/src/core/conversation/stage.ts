import type { ConversationView } from "../../client/api.ts";
import type { ConversationDeps, ServerConversation } from "./deps.ts";
import { withReceipt } from "./receipts.ts";
import type { ConversationStore } from "./store.ts";

/** What the parts of one conversation share. */
export interface Stage {
  readonly deps: ConversationDeps;
  readonly store: ConversationStore;
  showSync(sync: ConversationView["sync"]): void;
}

/** Takes over what the server says of the conversation; what this device knows better stays. */
export async function adoptServerView({ store, deps }: Stage, seen: ServerConversation): Promise<void> {
  await deps.directory.learn(seen.members.map(({ userId, name }) => ({ id: userId, name })));
  await store.update(({ place, roster }) => {
    const members = roster.members.reduce<ServerConversation["members"]>(
      (merged, known) => [...withReceipt(merged, known.userId, known)],
      seen.members,
    );
    const active = members.some((member) => member.userId === deps.myId);
    const readSeq = members.find((member) => member.userId === deps.myId)?.read ?? 0;
    return {
      roster: { members, devices: seen.devices, orphans: seen.orphans },
      place: { ...place, active, readSeq: Math.max(place.readSeq, readSeq) },
    };
  });
}

export async function refresh(stage: Stage): Promise<ServerConversation> {
  const { deps, store } = stage;
  const { conversation } = await deps.rest.call("conversation", { params: { conversationId: store.id } });
  await adoptServerView(stage, conversation);
  return conversation;
}
