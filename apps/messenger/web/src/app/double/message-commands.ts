import type { MessengerClient } from "../../client/api.ts";
import { type DoubleState, OK, pause } from "./state.ts";
import { said } from "./stories.ts";

const READ_AFTER_MS = 900;

type MessageCommands = Pick<
  MessengerClient,
  "send" | "retry" | "discard" | "loadOlder" | "markRead" | "setTyping" | "saveDraft"
>;

export function messageCommands(state: DoubleState): MessageCommands {
  /** The whole way of a message, in the time it takes to see it. */
  async function deliver(id: string, messageId: string): Promise<void> {
    if (state.connection.get().status !== "online") return;
    state.updateText(id, messageId, { delivery: "sending", failure: null });
    await pause();
    if (state.scenario.failing) {
      return state.updateText(id, messageId, { delivery: "failed", failure: "timeout" });
    }
    state.updateText(id, messageId, { delivery: "sent", seq: state.head(id) + 1 });
    await pause();
    state.updateText(id, messageId, { delivery: "delivered" });
    await pause(READ_AFTER_MS);
    state.updateText(id, messageId, { delivery: "read" });
  }

  return {
    async send(id, text) {
      const item = said("me", text, null, Date.now(), "queued");
      state.append(id, item);
      void deliver(id, item.id);
      return OK;
    },
    async retry(id, messageId) {
      void deliver(id, messageId);
      return OK;
    },
    async discard(id, messageId) {
      state.discard(id, messageId);
      return OK;
    },
    async loadOlder(id) {
      await state.loadOlder(id);
      return OK;
    },
    markRead: (id) => state.change(id, { unread: 0 }),
    setTyping: () => {},
    saveDraft: (id, draft) => state.change(id, { draft }),
  };
}
