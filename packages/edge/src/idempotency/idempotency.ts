/** Unsafe requests that may be sent again (draft-ietf-httpapi-idempotency-key-header-07). */
import { toHex, utf8 } from "@rempart/kernel";
import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import type { IdempotencyStore, StoredAnswer } from "./store.ts";

export interface IdempotencyOptions {
  readonly store: IdempotencyStore;
  /** Refuse a request without a key; default true. */
  readonly required?: boolean;
  /** How long an answer is replayed, in seconds; default one day. */
  readonly keepSeconds?: number;
  /**
   * How long an attempt may run before its key is free again, in seconds; default 60. Until then whoever asks again gets 409,
   * also when the process that held the key is gone; afterwards the request runs anew.
   */
  readonly holdSeconds?: number;
  /** Longest answer that is kept, headers and body in characters; default 65,536. A longer one is not repeated: 409. */
  readonly maxAnswer?: number;
}

export interface IdempotentRequest {
  /** The value of `Idempotency-Key`. */
  readonly key: string | undefined;
  /** Whose key it is, a user or an API key: two callers may choose the same one. */
  readonly caller: string;
  readonly method: string;
  readonly target: string;
  readonly body: Uint8Array;
}

export type IdempotentOutcome =
  | { readonly kind: "answered"; readonly answer: StoredAnswer; readonly replayed: boolean }
  | { readonly kind: "refused"; readonly problem: Problem };

/** The right to carry a request out, once. */
export interface Attempt {
  /**
   * What came of it; null when the answer cannot be kept (too long, or no text). An answer of 5xx frees the key, since a
   * failure is what a client tries again.
   */
  conclude(answer: StoredAnswer | null): Promise<void>;
  /** Nothing came of it: the key is free again. */
  abandon(): Promise<void>;
  /** Longest answer worth collecting. */
  readonly maxAnswer: number;
}

export type Begun =
  | { readonly kind: "begun"; readonly attempt: Attempt }
  | { readonly kind: "replayed"; readonly answer: StoredAnswer }
  | { readonly kind: "refused"; readonly problem: Problem };

export interface Idempotency {
  /**
   * Runs `work` once per caller and key, and replays its answer afterwards. What `work` throws passes through and frees the
   * key; so does an answer of 5xx.
   */
  run(request: IdempotentRequest, work: () => Promise<StoredAnswer>): Promise<IdempotentOutcome>;
  /** The same in two steps, for whoever sends the answer itself. `key` as `readIdempotencyKey` gave it. */
  begin(request: IdempotentRequest & { readonly key: string }): Promise<Begun>;
}

/** Says of an answer that it was given before. */
export const REPLAYED = "Idempotent-Replayed";

const DEFAULT_MAX_ANSWER = 65_536;

export function createIdempotency(options: IdempotencyOptions): Idempotency {
  const { required = true } = options;
  const begin = beginner(options);
  return {
    begin,
    async run(request, work) {
      if (request.key === undefined) {
        return required ? refused(EDGE_PROBLEMS.idempotencyKeyMissing) : answered(await work(), false);
      }
      const key = readIdempotencyKey(request.key);
      if (key === null) return refused(EDGE_PROBLEMS.idempotencyKeyMalformed);
      const begun = await begin({ ...request, key });
      if (begun.kind === "refused") return begun;
      if (begun.kind === "replayed") return answered(begun.answer, true);
      return answered(await attempt(begun.attempt, work), false);
    },
  };
}

function beginner(options: IdempotencyOptions): Idempotency["begin"] {
  const { store, keepSeconds = 86_400, holdSeconds = 60, maxAnswer = DEFAULT_MAX_ANSWER } = options;
  return async ({ key, caller, method, target, body }) => {
    const place = await digest([caller, key], new Uint8Array());
    const fingerprint = await digest([method, target], body);
    const owner = crypto.randomUUID();
    const known = await store.begin(place, owner, fingerprint, holdSeconds);
    if (known === null) {
      const abandon = async (): Promise<void> => void (await store.abandon(place, owner));
      const conclude = async (answer: StoredAnswer | null): Promise<void> => {
        if (answer !== null && answer.status >= 500) return abandon();
        const kept = answer !== null && sizeOf(answer) <= maxAnswer ? answer : null;
        await store.finish(place, owner, kept, keepSeconds);
      };
      return { kind: "begun", attempt: { conclude, abandon, maxAnswer } };
    }
    if (known.fingerprint !== fingerprint) return refused(EDGE_PROBLEMS.idempotencyKeyReused);
    if (known.state === "running") return refused(EDGE_PROBLEMS.idempotencyKeyInUse);
    if (known.answer === null) return refused(EDGE_PROBLEMS.answerNotKept);
    return { kind: "replayed", answer: known.answer };
  };
}

function sizeOf({ headers, body }: StoredAnswer): number {
  return headers.reduce((sum, text) => sum + text.length, body.length);
}

async function attempt(begun: Attempt, work: () => Promise<StoredAnswer>): Promise<StoredAnswer> {
  let answer: StoredAnswer;
  try {
    answer = await work();
  } catch (error) {
    await begun.abandon();
    throw error;
  }
  await begun.conclude(answer);
  return answer;
}

function answered(answer: StoredAnswer, replayed: boolean): IdempotentOutcome {
  return { kind: "answered", answer, replayed };
}

function refused(problem: Problem): { readonly kind: "refused"; readonly problem: Problem } {
  return { kind: "refused", problem };
}

/** The draft's structured string (`"8e03…"`), or the bare value most clients send; 1 to 255 visible characters. */
export function readIdempotencyKey(header: string): string | null {
  const quoted = header.length >= 2 && header.startsWith('"') && header.endsWith('"');
  const key = quoted ? header.slice(1, -1) : header;
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(key) ? key : null;
}

/** Lengths go in front, so that no two lists read alike. A digest, so that the store's keys have one size and tell nothing. */
async function digest(texts: readonly string[], body: Uint8Array): Promise<string> {
  const head = utf8(JSON.stringify(texts));
  const bytes = new Uint8Array(4 + head.length + body.length);
  new DataView(bytes.buffer).setUint32(0, head.length);
  bytes.set(head, 4);
  bytes.set(body, 4 + head.length);
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
