import { createConversation } from "../../conversations/commit.ts";
import { leave, setRole } from "../../conversations/membership.ts";
import { listConversations, readConversation, readGroupInfo } from "../../conversations/read.ts";
import { isRefusal, refuse } from "../../refusal.ts";
import type { Handlers } from "../call.ts";
import { announceAt } from "./announce.ts";
import type { Services } from "./services.ts";

type ConversationRoute =
  | "conversations"
  | "createConversation"
  | "conversation"
  | "groupInfo"
  | "setRole"
  | "leave";

export function conversationHandlers(services: Services): Pick<Handlers, ConversationRoute> {
  const { database, newId } = services;
  return {
    conversations({ caller, query }) {
      return listConversations(database, caller.account.id, query.cursor);
    },
    async createConversation({ caller, body }) {
      const placed = await createConversation(services, { creatorId: caller.account.id, body });
      if (isRefusal(placed)) return placed;
      if (placed.fresh) await announceAt(services, body.id, placed.seq, caller.account.id);
      const conversation = await readConversation(database, caller.account.id, body.id);
      return conversation === null ? refuse("unknown-conversation") : { conversation };
    },
    async conversation({ caller, params }) {
      const conversation = await readConversation(database, caller.account.id, params.conversationId);
      return conversation === null ? refuse("unknown-conversation") : { conversation };
    },
    async groupInfo({ caller, params }) {
      const info = await readGroupInfo(database, caller.account.id, params.conversationId);
      return info ?? refuse("unknown-conversation");
    },
    async setRole({ caller, params, body }) {
      const { conversationId, userId: targetId } = params;
      const request = { id: newId(), conversationId, userId: caller.account.id, targetId, role: body.role };
      const placed = await setRole(services, request);
      if (isRefusal(placed)) return placed;
      if (placed !== null) await announceAt(services, conversationId, placed.seq);
      return null;
    },
    async leave({ caller, params }) {
      const { conversationId } = params;
      const request = { id: newId(), conversationId, userId: caller.account.id };
      const placed = await leave(services, request);
      if (isRefusal(placed)) return placed;
      await announceAt(services, conversationId, placed.seq);
      return null;
    },
  };
}
