import type { ProblemCode } from "../contract/index.ts";
import { type Changed, DISTRUST_MS, doubt, isJob, leave } from "./changes.ts";
import type { CommitPurpose, ConversationState, Effect, Input } from "./types.ts";

type Committing = Extract<
  Input,
  { type: "change" | "built" | "nothing-to-build" | "build-failed" | "placed" | "commit-refused" }
>;

export function applyCommitting(state: ConversationState, input: Committing): Changed {
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

export function finishCommit(state: ConversationState): Changed {
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
