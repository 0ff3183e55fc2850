/** Carries out the state machine's effects against the server and the engine; every answer is a new input. */
import type { CommitPurpose, Input } from "@rempart/messaging/client";
import { LIMITS, type Message } from "@rempart/messaging/contract";
import { CoreError, failsWith, failureCode, isProblemCode, isTransient } from "../errors.ts";
import { backoff } from "../net/backoff.ts";
import type { PendingCommitRecord } from "../storage/records.ts";
import { buildChange, buildRejoin, NO_CHANGE, type WantedChange } from "./commits.ts";
import type { ConversationDeps } from "./deps.ts";
import type { OuterEffect, Submission } from "./executor.ts";
import { hasReaders } from "./readers.ts";
import type { ConversationStore } from "./store.ts";

/** Without an answer for this long a message is sent again: the id makes it one message. */
const ANSWER_TIMEOUT_MS = 20_000;

const MOST_OFFLINE_ATTEMPTS = 2;

export interface EffectsContext {
  readonly deps: ConversationDeps;
  readonly store: ConversationStore;
  submit(...submissions: readonly Submission[]): Promise<void>;
  /** What the user asked for under this id; undefined after a restart. */
  wanted(changeId: string): WantedChange | undefined;
  done(id: string): void;
  failed(id: string, code: string): void;
}

export interface Effects {
  run(effect: OuterEffect): void;
  stop(): void;
}

export function createEffects(context: EffectsContext): Effects {
  const { deps, store } = context;
  const { timers, clock, random } = deps.ports;
  let stopped = false;
  let failures = 0;
  let cancelWake = (): void => undefined;
  let cancelAnswer = (): void => undefined;

  const submit = async (...inputs: readonly Input[]): Promise<void> => {
    if (!stopped) await context.submit(...inputs.map((input) => ({ input })));
  };
  const later = (error: unknown): number => {
    failures += 1;
    const seconds = error instanceof CoreError ? error.retryAfterSeconds : undefined;
    if (seconds !== undefined) return clock.now() + seconds * 1000;
    // While the network is away the connection does the waiting: it must not be waited for once more after it is back.
    const attempt = failsWith(error, "offline") ? Math.min(failures, MOST_OFFLINE_ATTEMPTS) : failures;
    return clock.now() + backoff(attempt, random);
  };

  const fetch = async (after: number): Promise<void> => {
    try {
      const page = await deps.rest.call("messages", {
        params: { conversationId: store.id },
        query: { after, limit: LIMITS.messagesPerPage },
      });
      failures = 0;
      await submit({ type: "page", after, ...page });
    } catch (error) {
      if (failsWith(error, "unknown-conversation", "not-a-member")) return submit({ type: "removed" });
      await submit({ type: "fetch-failed", retryAt: later(error) });
      if (!isTransient(error)) throw error;
    }
  };

  const seal = async (id: string): Promise<void> => {
    const { group, outbox } = store.state();
    const record = outbox.find((candidate) => candidate.id === id);
    if (group === null || record === undefined) return submit({ type: "seal-failed", id });
    if (!hasReaders(deps, store.state())) return submit({ type: "no-readers", id });
    try {
      const made = await deps.mls.encrypt(group, record);
      const input: Input = { type: "sealed", id, epoch: group.epoch, body: made.body };
      await context.submit({ input, product: { group: made.group } });
      deps.mls.release([made.consumed]);
    } catch (error) {
      if (!failsWith(error, "crypto-failed")) throw error;
      await submit({ type: "seal-failed", id });
    }
  };

  const transmit = (id: string, epoch: number, body: string): void => {
    if (!deps.send({ t: "send", id, conversationId: store.id, epoch, body })) return;
    cancelAnswer = timers.after(ANSWER_TIMEOUT_MS, () => {
      const retryAt = clock.now();
      void submit({ type: "nack", id, code: "unavailable", retryAt }).catch(deps.failed);
    });
  };

  const build = async (purpose: CommitPurpose, changeId: string | null): Promise<void> => {
    try {
      const pending = await buildFor(purpose, changeId);
      if (pending === null) return submit({ type: "nothing-to-build", purpose });
      await context.submit({ input: { type: "built", id: pending.id, purpose }, product: { pending } });
    } catch (error) {
      if (failsWith(error, "fenced", "storage-full", "closed")) throw error;
      const retryAt = purpose !== "change" || isTransient(error) ? later(error) : null;
      await submit({ type: "build-failed", purpose, code: failureCode(error), retryAt });
    }
  };

  const buildFor = (purpose: CommitPurpose, changeId: string | null): Promise<PendingCommitRecord | null> => {
    if (purpose === "rejoin") return buildRejoin(deps, store);
    const wanted = changeId === null ? undefined : context.wanted(changeId);
    return buildChange(deps, store, wanted ?? NO_CHANGE);
  };

  /** Asks until the answer is certain: only a refusal may undo a commit that could have been placed. */
  const place = async (id: string): Promise<void> => {
    while (!stopped && isPlacing(id)) {
      const { pending } = store.state();
      if (pending?.id !== id) return submit({ type: "commit-refused", id, code: "internal-error" });
      try {
        const placed = await deps.rest.call("commit", {
          params: { conversationId: store.id },
          body: pending.body,
        });
        failures = 0;
        const message = ownCommit(deps, store.id, pending, placed);
        return submit({ type: "message", message }, { type: "placed", id, seq: placed.seq });
      } catch (error) {
        if (!isTransient(error)) return refused(id, error);
        await new Promise<void>((resolve) => timers.after(later(error) - clock.now(), resolve));
      }
    }
  };

  const isPlacing = (id: string): boolean => {
    const { machine } = store.state();
    return machine.placing && machine.commit?.id === id;
  };

  const refused = async (id: string, error: unknown): Promise<void> => {
    if (!(error instanceof CoreError) || !isProblemCode(error.code)) throw error;
    return submit({ type: "commit-refused", id, code: error.code });
  };

  const start = (effect: OuterEffect): Promise<void> | void => {
    switch (effect.type) {
      case "fetch":
        return fetch(effect.after);
      case "seal":
        return seal(effect.id);
      case "transmit":
        cancelAnswer();
        return transmit(effect.id, effect.epoch, effect.body);
      case "build":
        return build(effect.purpose, effect.changeId);
      case "place":
        return place(effect.id);
      case "receipt":
        return deps.reportReceipt(store.id, { delivered: effect.delivered, read: undefined });
      case "wake":
        cancelWake();
        cancelWake = timers.after(Math.max(0, effect.at - clock.now()), () => {
          // The wait is over also when the machine's clock was set back meanwhile: it would be waited for that long once more.
          const now = Math.max(clock.now(), effect.at);
          void submit({ type: "time", now }).catch(deps.failed);
        });
        return;
      case "done":
        return context.done(effect.id);
      case "failed":
        return context.failed(effect.id, effect.code);
    }
  };

  return {
    run(effect) {
      if (stopped) return;
      void Promise.resolve(start(effect)).catch(deps.failed);
    },
    stop() {
      stopped = true;
      cancelWake();
      cancelAnswer();
    },
  };
}

/** What the server stored of our commit: the sending device is not sent it again. */
function ownCommit(
  deps: ConversationDeps,
  conversationId: string,
  { id, body }: PendingCommitRecord,
  { seq, sentAt }: { seq: number; sentAt: number },
): Message {
  const { epoch, commit, change } = body;
  const sender = { senderId: deps.myId, deviceId: deps.myDeviceId };
  return { kind: "commit", id, conversationId, seq, sentAt, ...sender, epoch, body: commit, change };
}
