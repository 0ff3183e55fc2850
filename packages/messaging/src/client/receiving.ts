import { LIMITS, type Message } from "../contract/index.ts";
import { type Changed, DISTRUST_MS, isJob } from "./changes.ts";
import { finishCommit } from "./committing.ts";
import type { ConversationState, Effect, Input } from "./types.ts";

/** Messages held beyond a gap; what is further away is fetched later. */
const MAX_INBOX = 2 * LIMITS.messagesPerPage;

export function receive(state: ConversationState, messages: readonly Message[]): ConversationState {
  const inbox = new Map(state.inbox);
  let head = state.head;
  for (const message of messages) {
    head = Math.max(head, message.seq);
    if (message.seq > state.cursor && message.seq <= state.cursor + MAX_INBOX)
      inbox.set(message.seq, message);
  }
  return { ...state, inbox, head };
}

export function takePage(state: ConversationState, page: Extract<Input, { type: "page" }>): Changed {
  if (!state.fetching) return [state];
  const asked = { ...state, fetching: false };
  if (page.reset) return state.job === null ? rewind(asked, page.head) : [{ ...asked, probe: true }];
  const next = receive({ ...asked, head: Math.max(asked.head, page.head) }, page.messages);
  const isMissing = page.after === next.cursor && next.head > next.cursor && !next.inbox.has(next.cursor + 1);
  if (!isMissing) return [next];
  // The page is older than what was heard of meanwhile: ask once more, and believe that answer.
  if (page.head <= next.cursor) return [{ ...next, head: next.cursor, probe: true }];
  // A server that says there is more and does not give it is not asked in a loop.
  return [{ ...next, probe: true, holdUntil: state.now + DISTRUST_MS }];
}

/** What was placed after `head` is gone from the server: it is sent again, and the group is joined anew. */
function rewind(state: ConversationState, head: number): Changed {
  if (head >= state.cursor) return [{ ...state, probe: true, holdUntil: state.now + DISTRUST_MS }];
  const outbox = state.outbox.map((entry) => ({ ...entry, sealed: null, seq: null }));
  const dropped: Effect[] = state.commit === null ? [] : [{ type: "drop", id: state.commit.id }];
  const rewound = {
    ...state,
    cursor: head,
    head,
    epoch: null,
    inbox: new Map(),
    outbox,
    commit: null,
    placing: false,
  };
  return [{ ...rewound, receipted: head }, { type: "rewind", head }, ...dropped];
}

export function finishOpen(state: ConversationState, seq: number, epoch: number | null): Changed {
  if (!isJob(state, "open", seq)) return [state];
  const message = state.inbox.get(seq);
  const inbox = new Map(state.inbox);
  inbox.delete(seq);
  const isOut = !state.active || (state.epoch === null && message?.id !== state.commit?.id);
  const opened = { ...state, job: null, cursor: seq, epoch: isOut ? null : epoch, inbox };
  return message === undefined ? [opened] : settle(opened, message);
}

/** The stream has reached what this device sent itself. */
function settle(state: ConversationState, message: Message): Changed {
  if (state.commit?.id === message.id) return finishCommit(state);
  const outbox = state.outbox.filter(({ id }) => id !== message.id);
  if (outbox.length === state.outbox.length) return [state];
  const inFlight = state.inFlight === message.id ? null : state.inFlight;
  return [
    { ...state, outbox, inFlight },
    { type: "done", id: message.id },
  ];
}

export function join(state: ConversationState, seq: number, epoch: number): ConversationState {
  if (state.epoch !== null || seq < state.cursor || state.job !== null) return state;
  const inbox = new Map([...state.inbox].filter(([at]) => at > seq));
  return { ...state, epoch, cursor: seq, head: Math.max(state.head, seq), inbox, receipted: seq };
}
