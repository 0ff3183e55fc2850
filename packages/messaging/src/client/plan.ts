import type { Message } from "../contract/index.ts";
import { isWaiting } from "./changes.ts";
import type { CommitPurpose, ConversationState, Effect, Step } from "./types.ts";

/**
 * What must be under way in this state and is not yet. It looks at the state alone, never at how it came about, so after
 * a restart, a reconnection or a lost answer everything that is still needed is asked for again.
 */
export function plan(start: ConversationState): Step {
  const effects: Effect[] = [];
  let state = start;
  const begin = (changed: Partial<ConversationState>, effect: Effect): void => {
    state = { ...state, ...changed };
    effects.push(effect);
  };
  planOpening(state, begin);
  if (!state.active || !state.connected) return { state, effects };
  if (state.now < state.holdUntil) {
    effects.push({ type: "wake", at: state.holdUntil });
    return { state, effects };
  }
  planFetching(state, begin);
  state = withoutDoubt(state);
  planCommitting(state, begin);
  planSending(state, begin);
  planReceipt(state, begin);
  return { state, effects };
}

type Begin = (changed: Partial<ConversationState>, effect: Effect) => void;

/** Strictly in order: only the message right after the cursor, one at a time. */
function planOpening(state: ConversationState, begin: Begin): void {
  const message = state.inbox.get(state.cursor + 1);
  if (state.job !== null || message === undefined) return;
  begin(
    { job: { kind: "open", seq: message.seq } },
    { type: "open", how: howToOpen(state, message), message },
  );
}

function howToOpen(state: ConversationState, message: Message): Extract<Effect, { type: "open" }>["how"] {
  if (message.kind === "event") return "note";
  if (message.kind === "commit") {
    if (message.id === state.commit?.id) return "adopt";
    return state.epoch === null ? "note" : "follow";
  }
  // MLS cannot decrypt what the device sent itself: the outbox has the only copy.
  if (message.deviceId === state.deviceId)
    return state.outbox.some(({ id }) => id === message.id) ? "own" : "lost";
  return state.epoch === null ? "lost" : "decrypt";
}

function planFetching(state: ConversationState, begin: Begin): void {
  if (state.fetching || state.inbox.has(state.cursor + 1)) return;
  const isOpening = state.job?.kind === "open";
  if (isOpening || (!state.probe && state.head <= state.cursor)) return;
  begin({ fetching: true, probe: false }, { type: "fetch", after: state.cursor });
}

/** Nothing known or suspected is missing, and the group is free. */
function isSettled(state: ConversationState): boolean {
  return state.job === null && !state.fetching && !state.probe && state.head <= state.cursor;
}

/** Asked once more, the server gave nothing that explains why it called this device's epoch stale. */
function withoutDoubt(state: ConversationState): ConversationState {
  if (state.doubted === null || !isSettled(state)) return state;
  return { ...state, doubted: null, epoch: state.doubted === state.epoch ? null : state.epoch };
}

function planCommitting(state: ConversationState, begin: Begin): void {
  const { commit } = state;
  if (commit !== null) {
    if (commit.seq === null && !state.placing) begin({ placing: true }, { type: "place", id: commit.id });
    return;
  }
  const purpose = neededCommit(state);
  if (purpose === null || !isSettled(state)) return;
  const changeId = purpose === "change" ? (state.changes[0]?.id ?? null) : null;
  begin({ job: { kind: "build", purpose } }, { type: "build", purpose, changeId });
}

function neededCommit(state: ConversationState): CommitPurpose | null {
  if (state.epoch === null) return "rejoin";
  if (state.changes.length > 0) return "change";
  return state.removalsPending ? "removals" : null;
}

/** One message at a time, so that what this device says keeps its order whatever the server refuses. */
function planSending(state: ConversationState, begin: Begin): void {
  if (!isSettled(state) || state.epoch === null || state.inFlight !== null) return;
  if (state.commit !== null || state.removalsPending || state.changes.length > 0) return;
  const entry = state.outbox.find(isWaiting);
  if (entry === undefined) return;
  if (entry.sealed?.epoch !== state.epoch) {
    if (state.readerless === state.epoch) return;
    begin({ job: { kind: "seal", id: entry.id } }, { type: "seal", id: entry.id });
    return;
  }
  begin({ inFlight: entry.id }, { type: "transmit", id: entry.id, ...entry.sealed });
}

function planReceipt(state: ConversationState, begin: Begin): void {
  if (state.receipted >= state.cursor || state.inbox.has(state.cursor + 1)) return;
  begin({ receipted: state.cursor }, { type: "receipt", delivered: state.cursor });
}
