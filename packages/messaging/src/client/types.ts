import type { Message, ProblemCode } from "../contract/index.ts";

/**
 * A conversation on this device, as a value. `Durable` is what must be saved; the rest says what is under way in this
 * process and is made anew after a restart.
 */
export interface ConversationState extends Durable {
  readonly deviceId: string;
  readonly connected: boolean;
  /** Unix milliseconds, as last told. */
  readonly now: number;
  /** The highest position the server is known to have. */
  readonly head: number;
  /** Messages beyond the cursor, by position. */
  readonly inbox: ReadonlyMap<number, Message>;
  readonly fetching: boolean;
  /** The server must be asked (once more), even though no newer position is known. */
  readonly probe: boolean;
  /**
   * An epoch that the server called stale. If it is still this device's after asking once more, the group has moved on in a
   * way this device cannot see, and it rejoins.
   */
  readonly doubted: number | null;
  /**
   * An epoch of a group in which no other member has a device: nothing is encrypted in it, because nobody could ever read it.
   * It goes on in the epoch after, or once the server was compared with again.
   */
  readonly readerless: number | null;
  /** The one operation on the group that is under way: the group is never touched by two at a time. */
  readonly job: Job | null;
  /** The outbox entry whose answer is awaited. */
  readonly inFlight: string | null;
  /** The pending commit's answer is awaited. */
  readonly placing: boolean;
  /** Nothing is sent before: the server asked for patience. */
  readonly holdUntil: number;
  /** The last position acknowledged to the server as delivered. */
  readonly receipted: number;
}

/** Saved with the group, in one transaction. */
export interface Durable {
  readonly conversationId: string;
  /** Everything up to here is processed and saved. */
  readonly cursor: number;
  /** The epoch of the group held; null when this device is out of step or not yet in the group. */
  readonly epoch: number | null;
  /** False once the user is no member any more. */
  readonly active: boolean;
  /** First in, first out. An entry stays until the stream has reached it, or it is discarded. */
  readonly outbox: readonly OutboxEntry[];
  /** Built and saved, not yet met in the stream. */
  readonly commit: PendingCommit | null;
  /** Membership changes the user asked for, first in, first out. */
  readonly changes: readonly ChangeRequest[];
  /** The server wants devices removed before it takes messages. */
  readonly removalsPending: boolean;
}

export interface OutboxEntry {
  readonly id: string;
  /** The ciphertext and the epoch it was made in. Made again when the epoch has moved. */
  readonly sealed: { readonly epoch: number; readonly body: string } | null;
  /** Where the server placed it. */
  readonly seq: number | null;
  readonly failure: ProblemCode | "crypto-failed" | null;
}

export type CommitPurpose = "change" | "removals" | "rejoin";

export interface PendingCommit {
  readonly id: string;
  readonly purpose: CommitPurpose;
  /** The epoch this device was in when it was built; null for a rejoin. */
  readonly epoch: number | null;
  readonly seq: number | null;
}

/** What is to change only the executor knows; here it is an id. */
export interface ChangeRequest {
  readonly id: string;
}

export type Job =
  | { readonly kind: "open"; readonly seq: number }
  | { readonly kind: "seal"; readonly id: string }
  | { readonly kind: "build"; readonly purpose: CommitPurpose };

/** What happened. Inputs that no longer fit (a late answer, a duplicate) change nothing. */
export type Input =
  | { readonly type: "connected" }
  | { readonly type: "disconnected" }
  | { readonly type: "time"; readonly now: number }
  /** A position the server has, from a beat, an acknowledgement or the list of conversations. */
  | { readonly type: "head"; readonly seq: number }
  | { readonly type: "message"; readonly message: Message }
  /** The answer to `fetch`. */
  | {
      readonly type: "page";
      readonly after: number;
      readonly messages: readonly Message[];
      readonly head: number;
      readonly reset: boolean;
    }
  | { readonly type: "fetch-failed"; readonly retryAt: number }
  /** The answer to `open`: done and saved, or the group cannot follow. `epoch` is the group's after it. */
  | { readonly type: "opened"; readonly seq: number; readonly epoch: number | null }
  | { readonly type: "out-of-step"; readonly seq: number }
  /** A welcome was processed, while no job was under way: the history begins after `seq`. */
  | { readonly type: "joined"; readonly seq: number; readonly epoch: number }
  /** The user is no member any more. */
  | { readonly type: "removed" }
  | { readonly type: "send"; readonly id: string }
  | { readonly type: "retry"; readonly id: string }
  | { readonly type: "discard"; readonly id: string }
  /** The answers to `seal`. */
  | { readonly type: "sealed"; readonly id: string; readonly epoch: number; readonly body: string }
  | { readonly type: "seal-failed"; readonly id: string }
  /** Nobody else has a device in the group as it is: the message waits, unsealed. */
  | { readonly type: "no-readers"; readonly id: string }
  | { readonly type: "ack"; readonly id: string; readonly seq: number }
  | {
      readonly type: "nack";
      readonly id: string;
      readonly code: ProblemCode;
      /** With `rate-limited`: Unix milliseconds. */
      readonly retryAt?: number;
    }
  | { readonly type: "change"; readonly id: string }
  /** The answers to `build`. `nothing-to-build`: others did it meanwhile. `build-failed`: as `commit-refused`. */
  | { readonly type: "built"; readonly id: string; readonly purpose: CommitPurpose }
  | { readonly type: "nothing-to-build"; readonly purpose: CommitPurpose }
  | {
      readonly type: "build-failed";
      readonly purpose: CommitPurpose;
      readonly code: string;
      readonly retryAt: number | null;
    }
  /** The answers to `place`. No answer at all is a `disconnected`. */
  | { readonly type: "placed"; readonly id: string; readonly seq: number }
  | { readonly type: "commit-refused"; readonly id: string; readonly code: ProblemCode };

/** What the executor does. Save `durable(state)` before carrying them out; after a restart they are asked for again. */
export type Effect =
  /** Ask the server for the messages after a position; answer `page` or `fetch-failed`. */
  | { readonly type: "fetch"; readonly after: number }
  /**
   * Process the message at the cursor, as `how` says; save the group, what it shows and the state after `opened` in one
   * transaction. `decrypt`: an application message. `follow`: another device's commit. `own`: show the outbox entry of this
   * id. `adopt`: the pending commit's group becomes the group. `lost`: no key for it, say so. `note`: nothing to open.
   */
  | {
      readonly type: "open";
      readonly how: "decrypt" | "follow" | "own" | "adopt" | "lost" | "note";
      readonly message: Message;
    }
  /** Encrypt an outbox entry for the present epoch; save the group with the state after `sealed`. */
  | { readonly type: "seal"; readonly id: string }
  | { readonly type: "transmit"; readonly id: string; readonly epoch: number; readonly body: string }
  /** Build a commit and save it with the group it leads to. `change`: with the first request's change and all orphans. */
  | { readonly type: "build"; readonly purpose: CommitPurpose; readonly changeId: string | null }
  /** Send the pending commit, under its id. */
  | { readonly type: "place"; readonly id: string }
  /** Forget the pending commit and the group it would have led to. */
  | { readonly type: "drop"; readonly id: string }
  /** The server's history ends before the cursor (it was restored): forget the positions after `head`. */
  | { readonly type: "rewind"; readonly head: number }
  | { readonly type: "receipt"; readonly delivered: number }
  /** Give `time` again at this moment. */
  | { readonly type: "wake"; readonly at: number }
  /** A change or a message came to its end. */
  | { readonly type: "done"; readonly id: string }
  | { readonly type: "failed"; readonly id: string; readonly code: string };

export interface Step {
  readonly state: ConversationState;
  readonly effects: readonly Effect[];
}
