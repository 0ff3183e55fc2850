import type { ProblemCode } from "../contract/index.ts";
import { type Changed, DISTRUST_MS, doubt, failed, isJob, leave } from "./changes.ts";
import type { ConversationState, Input, OutboxEntry } from "./types.ts";

type Sending = Extract<
  Input,
  { type: "ack" | "nack" | "send" | "retry" | "discard" | "sealed" | "seal-failed" | "no-readers" }
>;

export function applySending(state: ConversationState, input: Sending): Changed {
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
    case "no-readers":
      return [isJob(state, "seal", input.id) ? { ...state, job: null, readerless: state.epoch } : state];
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

function fail(state: ConversationState, entry: OutboxEntry, code: ProblemCode | "crypto-failed"): Changed {
  return [replace(state, failed(entry, code)), { type: "failed", id: entry.id, code }];
}

function replace(state: ConversationState, entry: OutboxEntry): ConversationState {
  return { ...state, outbox: state.outbox.map((old) => (old.id === entry.id ? entry : old)) };
}
