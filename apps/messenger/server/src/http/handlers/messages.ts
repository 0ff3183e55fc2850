import { LIMITS } from "@rempart/messaging/contract";
import { commitEpoch } from "../../conversations/commit.ts";
import { requireOwnDevice } from "../../devices/devices.ts";
import type { Outcome } from "../../messages/append.ts";
import { isApplicationMessage } from "../../messages/check.ts";
import { readGap } from "../../messages/read.ts";
import { isRefusal, type Refusal, refuse } from "../../refusal.ts";
import type { Handlers } from "../call.ts";
import { announceAt } from "./announce.ts";
import type { Services } from "./services.ts";

type MessageRoute = "commit" | "sendMessage" | "messages" | "receipt";

const DEFAULT_PAGE = 100;

export function messageHandlers(services: Services): Pick<Handlers, MessageRoute> {
  const { database, writer, receipts } = services;
  return {
    async commit({ caller, params, body }) {
      const { conversationId } = params;
      const request = { conversationId, senderId: caller.account.id, body };
      const placed = await commitEpoch(services, request);
      if (isRefusal(placed)) return placed;
      if (placed.fresh) await announceAt(services, conversationId, placed.seq);
      return { seq: placed.seq, sentAt: placed.sentAt };
    },
    async sendMessage({ caller, params, body: { id, deviceId, epoch, body } }) {
      const { conversationId } = params;
      const senderId = caller.account.id;
      const refusal = await requireOwnDevice(database, senderId, deviceId);
      if (refusal !== null) return refusal;
      const bytes = Buffer.from(body, "base64url");
      if (!isApplicationMessage(bytes, conversationId, epoch)) return refuse("malformed-mls");
      return answerOf(await writer.write({ id, conversationId, senderId, deviceId, epoch, body, bytes }));
    },
    async messages({ caller, params, query }) {
      const { after, limit = DEFAULT_PAGE } = query;
      const { conversationId } = params;
      const gap = await readGap(database, {
        userId: caller.account.id,
        conversationId,
        after,
        limit: Math.min(limit, LIMITS.messagesPerPage),
      });
      return gap ?? refuse("unknown-conversation");
    },
    async receipt({ caller, params, body: { deviceId, delivered = 0, read = 0 } }) {
      const userId = caller.account.id;
      const { conversationId } = params;
      const refusal = await requireOwnDevice(database, userId, deviceId);
      if (refusal !== null) return refusal;
      if (!(await isActiveMember(services, userId, conversationId))) return refuse("unknown-conversation");
      receipts.submit({ conversationId, userId, deviceId, delivered, read });
      await receipts.flush();
      return null;
    },
  };
}

function answerOf(outcome: Outcome): { seq: number; sentAt: number } | Refusal {
  if (outcome.kind === "placed") return { seq: outcome.seq, sentAt: outcome.sentAt };
  return refuse(outcome.code, undefined, outcome.epoch === undefined ? undefined : { epoch: outcome.epoch });
}

async function isActiveMember(
  { database }: Services,
  userId: string,
  conversationId: string,
): Promise<boolean> {
  const rows = await database.query(
    "SELECT user_id FROM conversation_members WHERE conversation_id = $1 AND user_id = $2 AND left_at IS NULL",
    [conversationId, userId],
  );
  return rows.length > 0;
}
