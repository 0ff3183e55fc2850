import { type Changed, isJob, leave } from "./changes.ts";
import { applyCommitting } from "./committing.ts";
import { finishOpen, join, receive, takePage } from "./receiving.ts";
import { applySending } from "./sending.ts";
import type { ConversationState, Input } from "./types.ts";

/** Takes one input into account. What follows from the new state is `plan`'s to say. */
export function apply(state: ConversationState, input: Input): Changed {
  switch (input.type) {
    case "connected":
      return [{ ...state, connected: true, probe: true, readerless: null }];
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
    case "no-readers":
      return applySending(state, input);
    default:
      return applyCommitting(state, input);
  }
}
