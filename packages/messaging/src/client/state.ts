import type { ConversationState, Durable } from "./types.ts";

/** A conversation this device has never seen. Give `joined` after its welcome; without one it joins by itself. */
export function newConversation(conversationId: string, deviceId: string): ConversationState {
  return restore(
    {
      conversationId,
      cursor: 0,
      epoch: null,
      active: true,
      outbox: [],
      commit: null,
      changes: [],
      removalsPending: false,
    },
    deviceId,
  );
}

/** The state after a restart: what was saved, and nothing under way. */
export function restore(saved: Durable, deviceId: string): ConversationState {
  return {
    ...saved,
    deviceId,
    connected: false,
    now: 0,
    head: saved.cursor,
    inbox: new Map(),
    fetching: false,
    probe: true,
    doubted: null,
    readerless: null,
    job: null,
    inFlight: null,
    placing: false,
    holdUntil: 0,
    receipted: saved.cursor,
  };
}

/** What to save. Plain data. */
export function durable(state: ConversationState): Durable {
  const { conversationId, cursor, epoch, active, outbox, commit, changes, removalsPending } = state;
  return { conversationId, cursor, epoch, active, outbox, commit, changes, removalsPending };
}
