import { type Clock, equalBytes } from "@rempart/kernel";
import { type Checkpoint, parseCheckpoint } from "../note/checkpoint.ts";
import { cosignNote, type SignEd25519, signersOf, type VerifierKey } from "../note/keys.ts";
import { parseNote, type SignedNote, signatureLine } from "../note/note.ts";
import type { Primitives } from "../proof/verify.ts";
import { verifyConsistency } from "../tree/consistency.ts";
import { treeHash } from "../tree/hash.ts";
import { type AddCheckpoint, parseAddCheckpoint } from "./request.ts";

/** The last head a witness cosigned of a log. */
export interface Seen {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface WitnessStore {
  latest(origin: string): Promise<Seen | null>;
  /** Durable when it resolves: before a cosignature leaves the house. */
  remember(origin: string, seen: Seen): Promise<void>;
}

export interface WitnessedLog {
  readonly origin: string;
  readonly keys: readonly VerifierKey[];
}

export interface WitnessOptions {
  readonly key: VerifierKey;
  readonly sign: SignEd25519;
  readonly logs: readonly WitnessedLog[];
  readonly store: WitnessStore;
  readonly primitives: Primitives;
  readonly clock: Clock;
  /** Told of a head that no honest log could have signed. It is evidence: keep it. */
  readonly onFork?: (evidence: Fork) => void;
}

export interface Fork {
  readonly origin: string;
  readonly seen: Seen;
  readonly claimed: Checkpoint;
  readonly note: Uint8Array;
}

/** An HTTP answer, as the protocol says it. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly body: string;
}

/** Cosigns what only ever grew. Remembers one head for each log, and never goes back behind it. */
export class Witness {
  readonly #options: WitnessOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  /** One at a time: checking what was seen and remembering the next must not be torn apart. */
  addCheckpoint(body: Uint8Array): Promise<WitnessAnswer> {
    const work = (): Promise<WitnessAnswer> => this.#add(body);
    const answer = this.#last.then(work, work);
    this.#last = answer;
    return answer;
  }

  async #add(body: Uint8Array): Promise<WitnessAnswer> {
    const request = parseAddCheckpoint(body);
    const note = request && parseNote(request.note);
    const checkpoint = note && parseCheckpoint(note.text);
    if (!request || !note || !checkpoint) return refusal(400, "not an add-checkpoint request");
    const log = this.#options.logs.find(({ origin }) => origin === checkpoint.origin);
    if (log === undefined) return refusal(404, "unknown log");
    const signers = await signersOf(note, log.keys, this.#options.primitives.verifyEd25519);
    if (signers === null || signers.length === 0) return refusal(403, "not signed by the log");
    return this.#judge(request, note, checkpoint);
  }

  async #judge(request: AddCheckpoint, note: SignedNote, checkpoint: Checkpoint): Promise<WitnessAnswer> {
    const { store, primitives } = this.#options;
    const hash = treeHash(primitives.sha256);
    if (request.oldSize > checkpoint.size) return refusal(400, "the old head is larger");
    const seen = (await store.latest(checkpoint.origin)) ?? { size: 0, root: hash.empty };
    if (checkpoint.size < seen.size || this.#contradicts(seen, checkpoint))
      this.#tellFork(seen, checkpoint, request);
    if (request.oldSize !== seen.size || this.#contradicts(seen, checkpoint)) return conflict(seen.size);
    const claim = { oldSize: seen.size, oldRoot: seen.root, size: checkpoint.size, root: checkpoint.root };
    if (!verifyConsistency(hash, { ...claim, proof: request.proof })) {
      this.#tellFork(seen, checkpoint, request);
      return refusal(422, "the proof does not hold");
    }
    return this.#cosign(note, checkpoint);
  }

  #contradicts(seen: Seen, checkpoint: Checkpoint): boolean {
    return checkpoint.size === seen.size && !equalBytes(checkpoint.root, seen.root);
  }

  async #cosign(note: SignedNote, { origin, size, root }: Checkpoint): Promise<WitnessAnswer> {
    const { key, sign, store, clock } = this.#options;
    await store.remember(origin, { size, root });
    const seconds = Math.floor(clock.now() / 1000);
    const line = signatureLine(await cosignNote(note.text, seconds, key, sign));
    return { status: 200, contentType: "text/plain; charset=utf-8", body: `${line}\n` };
  }

  #tellFork(seen: Seen, claimed: Checkpoint, { note }: AddCheckpoint): void {
    this.#options.onFork?.({ origin: claimed.origin, seen, claimed, note });
  }
}

function refusal(status: 400 | 403 | 404 | 422, why: string): WitnessAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${why}\n` };
}

function conflict(size: number): WitnessAnswer {
  return { status: 409, contentType: "text/x.tlog.size", body: `${size}\n` };
}
