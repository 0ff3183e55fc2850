/** Unsafe requests that may be sent again (draft-ietf-httpapi-idempotency-key-header-07). */
import { toHex, utf8 } from "@rempart/kernel";
import type { Problem } from "../problem.ts";
import type { IdempotencyStore, StoredAnswer } from "./store.ts";

export interface IdempotencyOptions {
  readonly store: IdempotencyStore;
  /** Refuse a request without a key; default true. */
  readonly required?: boolean;
  /** How long an answer is replayed, in seconds; default one day. */
  readonly keepSeconds?: number;
  /** How long an attempt may run before its key is free again, in seconds; default 60. */
  readonly holdSeconds?: number;
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

export interface Idempotency {
  /**
   * Runs `work` once per caller and key, and replays its answer afterwards. What `work` throws passes through and frees the
   * key; so does an answer of 5xx, since a failure is what a client tries again.
   */
  run(request: IdempotentRequest, work: () => Promise<StoredAnswer>): Promise<IdempotentOutcome>;
}

export const IDEMPOTENCY_PROBLEMS = {
  missing: { status: 400, code: "idempotency-key-missing", title: "Idempotency-Key is missing" },
  malformed: { status: 400, code: "idempotency-key-malformed", title: "Idempotency-Key is malformed" },
  running: {
    status: 409,
    code: "idempotency-key-in-use",
    title: "A request is outstanding for this Idempotency-Key",
  },
  reused: { status: 422, code: "idempotency-key-reused", title: "Idempotency-Key is already used" },
} as const satisfies Record<string, Problem>;

export function createIdempotency(options: IdempotencyOptions): Idempotency {
  const { store, required = true, keepSeconds = 86_400, holdSeconds = 60 } = options;
  return {
    async run(request, work) {
      if (request.key === undefined) {
        return required ? refused(IDEMPOTENCY_PROBLEMS.missing) : answered(await work(), false);
      }
      const key = readIdempotencyKey(request.key);
      if (key === null) return refused(IDEMPOTENCY_PROBLEMS.malformed);
      const place = await digest([request.caller, key], new Uint8Array());
      const fingerprint = await digest([request.method, request.target], request.body);
      const owner = crypto.randomUUID();
      const known = await store.begin(place, owner, fingerprint, holdSeconds);
      if (known !== null) {
        if (known.fingerprint !== fingerprint) return refused(IDEMPOTENCY_PROBLEMS.reused);
        return known.state === "running"
          ? refused(IDEMPOTENCY_PROBLEMS.running)
          : answered(known.answer, true);
      }
      return answered(await attempt(store, place, owner, work, keepSeconds), false);
    },
  };
}

async function attempt(
  store: IdempotencyStore,
  place: string,
  owner: string,
  work: () => Promise<StoredAnswer>,
  keepSeconds: number,
): Promise<StoredAnswer> {
  let answer: StoredAnswer;
  try {
    answer = await work();
  } catch (error) {
    await store.abandon(place, owner);
    throw error;
  }
  if (answer.status >= 500) await store.abandon(place, owner);
  else await store.finish(place, owner, answer, keepSeconds);
  return answer;
}

function answered(answer: StoredAnswer, replayed: boolean): IdempotentOutcome {
  return { kind: "answered", answer, replayed };
}

function refused(problem: Problem): IdempotentOutcome {
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
