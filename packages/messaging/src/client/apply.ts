import { LIMITS, type Message, type ProblemCode } from "../contract/index.ts";
import type { CommitPurpose, ConversationState, Effect, Input, OutboxEntry } from "./types.ts";

/** Messages held beyond a gap; what is further away is fetched later. */
const MAX_INBOX = 2 * LIMITS.messagesPerPage;
/** After the server answered something impossible: milliseconds before it is asked again. */
const DISTRUST_MS = 5000;

type Changed = [state: ConversationState, ...effects: Effect[]];

/** Takes one input into account. What follows from the new state is `plan`'s to say. */
export function apply(state: ConversationState, input: Input): Changed {
  switch (input.type) {
    case "connected":
      return [{ ...state, connected: true, probe: true }];
    case "disconnected":
      return [{ ...state, connected: false, fetching: false, inFlight: null, placing: false }];
    case "time":
      return [{ ...state, now: Math.max(state.now, input.now) }];
    case "head":
      return [{ ...state, head: Math.max(state.head, input.seq) }];
    case "message":
      return [receive(state, [input.message])];
    case "page":
      return takePage(state, input);
    case "fetch-failed":
      return [
        { ...state, fetching: false, probe: true, holdUntil: Math.max(state.holdUntil, input.retryAt) },
      ];
    case "opened":
      return finishOpen(state, input.seq, input.epoch);
    case "out-of-step":
      return isJob(state, "open", input.seq) ? [{ ...state, job: null, epoch: null }] : [state];
    case "joined":
      return [join(state, input.seq, input.epoch)];
    case "removed":
      return leave(state);
    case "ack":
    case "nack":
    case "send":
    case "retry":
    case "discard":
    case "sealed":
    case "seal-failed":
      return applySending(state, input);
    default:
      return applyCommitting(state, input);
  }
}

// Receiving

function receive(state: ConversationState, messages: readonly Message[]): ConversationState {
  const inbox = new Map(state.inbox);
  let head = state.head;
  for (const message of messages) {
    head = Math.max(head, message.seq);
    if (message.seq > state.cursor && message.seq <= state.cursor + MAX_INBOX)
      inbox.set(message.seq, message);
  }
  return { ...state, inbox, head };
}

function takePage(state: ConversationState, page: Extract<Input, { type: "page" }>): Changed {
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

function finishOpen(state: ConversationState, seq: number, epoch: number | null): Changed {
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

function join(state: ConversationState, seq: number, epoch: number): ConversationState {
  if (state.epoch !== null || seq < state.cursor || state.job !== null) return state;
  const inbox = new Map([...state.inbox].filter(([at]) => at > seq));
  return { ...state, epoch, cursor: seq, head: Math.max(state.head, seq), inbox, receipted: seq };
}

function leave(state: ConversationState): Changed {
  const waiting = [...state.outbox.filter(({ seq }) => seq === null), ...state.changes];
  const outbox = state.outbox.map((entry) => failed(entry, "not-a-member"));
  const left = {
    ...state,
    active: false,
    epoch: null,
    outbox,
    changes: [],
    commit: null,
    placing: false,
    job: null,
  };
  return [left, ...waiting.map(({ id }): Effect => ({ type: "failed", id, code: "not-a-member" }))];
}

// Sending

type Sending = Extract<
  Input,
  { type: "ack" | "nack" | "send" | "retry" | "discard" | "sealed" | "seal-failed" }
>;

function applySending(state: ConversationState, input: Sending): Changed {
  const entry = state.outbox.find(({ id }) => id === input.id);
  if (input.type === "send") {
    if (entry !== undefined) return [state];
    const added: OutboxEntry = { id: input.id, sealed: null, seq: null, failure: null };
    const outbox = [...state.outbox, state.active ? added : failed(added, "not-a-member")];
    return [{ ...state, outbox }];
  }
  if (entry === undefined) return [state];
  switch (input.type) {
    case "retry":
      return [entry.failure === null ? state : replace(state, { ...entry, failure: null, sealed: null })];
    case "discard":
      // What may be on its way cannot be taken back.
      if (entry.failure === null && entry.sealed !== null) return [state];
      if (isJob(state, "seal", input.id)) return [state];
      return [{ ...state, outbox: state.outbox.filter(({ id }) => id !== input.id) }];
    case "sealed":
      if (!isJob(state, "seal", input.id)) return [state];
      return [
        replace({ ...state, job: null }, { ...entry, sealed: { epoch: input.epoch, body: input.body } }),
      ];
    case "seal-failed":
      if (!isJob(state, "seal", input.id)) return [state];
      return fail({ ...state, job: null }, entry, "crypto-failed");
    case "ack":
      return [
        replace(
          { ...state, inFlight: answered(state, input.id), head: Math.max(state.head, input.seq) },
          { ...entry, seq: input.seq, failure: null },
        ),
      ];
    case "nack":
      return applyNack({ ...state, inFlight: answered(state, input.id) }, entry, input);
  }
}

function answered(state: ConversationState, id: string): string | null {
  return state.inFlight === id ? null : state.inFlight;
}

function applyNack(
  state: ConversationState,
  entry: OutboxEntry,
  nack: { code: ProblemCode; retryAt?: number },
): Changed {
  if (entry.seq !== null) return [state];
  switch (nack.code) {
    case "stale-epoch":
      // Catch up first; then it is encrypted again, under the same id.
      return [replace(doubt(state, entry.sealed?.epoch ?? null), { ...entry, sealed: null })];
    case "pending-removals":
      return [{ ...state, removalsPending: true }];
    case "device-not-in-group":
      return [replace({ ...state, epoch: null, probe: true }, { ...entry, sealed: null })];
    case "rate-limited":
    case "unavailable":
    case "internal-error":
      return [{ ...state, holdUntil: Math.max(state.holdUntil, nack.retryAt ?? state.now + DISTRUST_MS) }];
    case "unknown-conversation":
    case "not-a-member":
      return leave(state);
    default:
      return fail(state, entry, nack.code);
  }
}

function doubt(state: ConversationState, epoch: number | null): ConversationState {
  const doubted = epoch === state.epoch ? epoch : state.doubted;
  return { ...state, probe: true, doubted };
}

function fail(state: ConversationState, entry: OutboxEntry, code: ProblemCode | "crypto-failed"): Changed {
  return [replace(state, failed(entry, code)), { type: "failed", id: entry.id, code }];
}

function failed(entry: OutboxEntry, code: ProblemCode | "crypto-failed"): OutboxEntry {
  return entry.seq !== null || entry.failure !== null ? entry : { ...entry, sealed: null, failure: code };
}

function replace(state: ConversationState, entry: OutboxEntry): ConversationState {
  return { ...state, outbox: state.outbox.map((old) => (old.id === entry.id ? entry : old)) };
}

// Committing

type Committing = Extract<
  Input,
  { type: "change" | "built" | "nothing-to-build" | "build-failed" | "placed" | "commit-refused" }
>;

function applyCommitting(state: ConversationState, input: Committing): Changed {
  switch (input.type) {
    case "change": {
      const isKnown = state.changes.some(({ id }) => id === input.id);
      return [isKnown || !state.active ? state : { ...state, changes: [...state.changes, { id: input.id }] }];
    }
    case "built":
      if (!isJob(state, "build", input.purpose)) return [state];
      return [
        {
          ...state,
          job: null,
          commit: { id: input.id, purpose: input.purpose, epoch: state.epoch, seq: null },
        },
      ];
    case "nothing-to-build":
      if (!isJob(state, "build", input.purpose)) return [state];
      return conclude({ ...state, job: null }, input.purpose, null);
    case "build-failed":
      if (!isJob(state, "build", input.purpose)) return [state];
      return abandon({ ...state, job: null }, input.purpose, input.code, input.retryAt);
    case "placed":
      if (state.commit?.id !== input.id) return [state];
      return [
        {
          ...state,
          placing: false,
          commit: { ...state.commit, seq: input.seq },
          head: Math.max(state.head, input.seq),
        },
      ];
    case "commit-refused":
      return refuseCommit(state, input);
  }
}

function refuseCommit(state: ConversationState, { id, code }: { id: string; code: ProblemCode }): Changed {
  if (state.commit?.id !== id || state.commit.seq !== null) return [state];
  const { purpose, epoch } = state.commit;
  const dropped = { ...state, commit: null, placing: false, probe: true };
  // Another commit came first: catch up, and build it again on the newer epoch.
  if (code === "stale-epoch") return [doubt(dropped, epoch), { type: "drop", id }];
  const [next, ...effects] = abandon(dropped, purpose, code, state.now + DISTRUST_MS);
  return [next, { type: "drop", id }, ...effects];
}

/** A change is given up with its reason. What the device needs for itself is tried again later. */
function abandon(
  state: ConversationState,
  purpose: CommitPurpose,
  code: string,
  retryAt: number | null,
): Changed {
  if (code === "unknown-conversation" || code === "not-a-member") return leave(state);
  if (code === "device-not-in-group") return [{ ...state, epoch: null, probe: true }];
  if (purpose === "change" && (retryAt === null || !TRANSIENT.has(code)))
    return conclude(state, purpose, code);
  return [
    { ...state, probe: true, holdUntil: Math.max(state.holdUntil, retryAt ?? state.now + DISTRUST_MS) },
  ];
}

const TRANSIENT: ReadonlySet<string> = new Set([
  "unavailable",
  "rate-limited",
  "internal-error",
  "offline",
  "timeout",
]);

function finishCommit(state: ConversationState): Changed {
  const purpose = state.commit?.purpose ?? "rejoin";
  return conclude({ ...state, commit: null, placing: false }, purpose, null);
}

function conclude(state: ConversationState, purpose: CommitPurpose, failure: string | null): Changed {
  // Every commit but a rejoin removes all orphans it knows of; the server says when there are new ones.
  const isCleared = failure === null && purpose !== "rejoin";
  const next = { ...state, removalsPending: state.removalsPending && !isCleared };
  const [done, ...changes] = state.changes;
  if (purpose !== "change" || done === undefined) return [next];
  const effect: Effect =
    failure === null ? { type: "done", id: done.id } : { type: "failed", id: done.id, code: failure };
  return [{ ...next, changes }, effect];
}

function isJob(state: ConversationState, kind: "open", key: number): boolean;
function isJob(state: ConversationState, kind: "seal" | "build", key: string): boolean;
function isJob({ job }: ConversationState, kind: string, key: number | string): boolean {
  if (job === null || job.kind !== kind) return false;
  switch (job.kind) {
    case "open":
      return job.seq === key;
    case "seal":
      return job.id === key;
    case "build":
      return job.purpose === key;
  }
}
