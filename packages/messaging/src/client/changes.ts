import type { ProblemCode } from "../contract/index.ts";
import type { ConversationState, Effect, OutboxEntry } from "./types.ts";

/** After the server answered something impossible, or gave no time to wait: milliseconds before it is asked again. */
export const DISTRUST_MS = 5000;

/** The state after an input, and what is to be said or undone because of it. */
export type Changed = [state: ConversationState, ...effects: Effect[]];

/** The user is no member any more: everything that waits is given up, and history stays. */
export function leave(state: ConversationState): Changed {
  const waiting = [...state.outbox.filter(isWaiting), ...state.changes];
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

/** Neither placed nor given up. */
export function isWaiting({ seq, failure }: OutboxEntry): boolean {
  return seq === null && failure === null;
}

export function failed(entry: OutboxEntry, code: ProblemCode | "crypto-failed"): OutboxEntry {
  return isWaiting(entry) ? { ...entry, sealed: null, failure: code } : entry;
}

/** The server calls this epoch stale: see `doubted`. */
export function doubt(state: ConversationState, epoch: number | null): ConversationState {
  const doubted = epoch === state.epoch ? epoch : state.doubted;
  return { ...state, probe: true, doubted };
}

/** True when this is the job under way; its answer is then awaited. */
export function isJob(state: ConversationState, kind: "open", key: number): boolean;
export function isJob(state: ConversationState, kind: "seal" | "build", key: string): boolean;
export function isJob({ job }: ConversationState, kind: string, key: number | string): boolean {
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
