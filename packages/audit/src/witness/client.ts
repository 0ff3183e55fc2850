import { fromUtf8, readAtMost } from "@rempart/kernel";
import { parseSize } from "../note/checkpoint.ts";
import { signersOf, type VerifierKey, type VerifyEd25519 } from "../note/keys.ts";
import { type NoteSignature, parseNote, parseSignatureLines, type SignedNote } from "../note/note.ts";
import { formatAddCheckpoint } from "./request.ts";

/** Where a witness listens, and the key it must answer with. */
export interface WitnessAddress {
  /** Without a trailing slash; `/add-checkpoint` is appended. */
  readonly url: string;
  readonly key: VerifierKey;
}

export interface WitnessClientOptions extends WitnessAddress {
  readonly verifyEd25519: VerifyEd25519;
  /** The proof from an older size of the log to this one. */
  readonly consistency: (oldSize: number, size: number) => Promise<Uint8Array[]>;
}

/** Why a witness gave no cosignature. `fork`: it has seen a larger log, or another one of the same size. */
export type WitnessFailure = "unreachable" | "refused" | "garbled" | "fork";

export type Cosigned =
  | { readonly ok: true; readonly signatures: readonly NoteSignature[] }
  | { readonly ok: false; readonly failure: WitnessFailure; readonly detail: string };

const MAX_ANSWER_BYTES = 16 * 1024;

/** One witness, and the size it is known to have seen. */
export class WitnessClient {
  readonly #options: WitnessClientOptions;
  #seen = 0;

  constructor(options: WitnessClientOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.key.name;
  }

  /** Whether the note says so: the signature is not looked at. */
  signed({ signatures }: SignedNote): boolean {
    return signatures.some((one) => this.#isOwn(one));
  }

  /** Asks once, and once more when the witness says that it knows another size. Never throws. */
  async cosign(note: Uint8Array, size: number, signal: AbortSignal): Promise<Cosigned> {
    try {
      const first = await this.#ask(note, size, signal);
      return first === "again" ? await this.#secondAnswer(note, size, signal) : first;
    } catch (error) {
      return failure("unreachable", error instanceof Error ? error.message : String(error));
    }
  }

  async #secondAnswer(note: Uint8Array, size: number, signal: AbortSignal): Promise<Cosigned> {
    const answer = await this.#ask(note, size, signal);
    return answer === "again" ? failure("fork", `it has seen another log of ${this.#seen} entries`) : answer;
  }

  async #ask(note: Uint8Array, size: number, signal: AbortSignal): Promise<Cosigned | "again"> {
    const proof = await this.#options.consistency(this.#seen, size);
    const body = formatAddCheckpoint({ oldSize: this.#seen, proof, note });
    const url = `${this.#options.url}/add-checkpoint`;
    const response = await fetch(url, { method: "POST", body: Buffer.from(body), signal, redirect: "error" });
    const text = await readText(response);
    if (text === null) return failure("garbled", "its answer is too long, or not text");
    if (response.status === 409) return this.#learn(text, size);
    if (response.status !== 200) return failure("refused", `${response.status} ${text.slice(0, 100).trim()}`);
    const cosigned = await this.#check(note, text);
    if (cosigned.ok) this.#seen = size;
    return cosigned;
  }

  #learn(text: string, size: number): Cosigned | "again" {
    const seen = parseSize(text.trimEnd());
    if (seen === null) return failure("garbled", "409 without a size");
    if (seen > size) return failure("fork", `it has seen ${seen} entries of a log that now has ${size}`);
    const news = seen !== this.#seen;
    this.#seen = seen;
    return news ? "again" : failure("fork", `it has seen another log of ${seen} entries`);
  }

  #isOwn({ name, keyId }: NoteSignature): boolean {
    return name === this.#options.key.name && keyId === this.#options.key.keyId;
  }

  async #check(note: Uint8Array, text: string): Promise<Cosigned> {
    const { key, verifyEd25519 } = this.#options;
    const lines = text.endsWith("\n") ? parseSignatureLines(text.slice(0, -1).split("\n")) : null;
    const own = lines?.filter((line) => this.#isOwn(line)) ?? [];
    const signed = parseNote(note);
    if (own.length === 0 || signed === null) return failure("garbled", "no cosignature of its key");
    const signers = await signersOf({ text: signed.text, signatures: own }, [key], verifyEd25519);
    return signers === null
      ? failure("garbled", "its cosignature does not hold")
      : { ok: true, signatures: own };
  }
}

function failure(kind: WitnessFailure, detail: string): Cosigned {
  return { ok: false, failure: kind, detail };
}

/** Null when it is longer than any honest answer, or not UTF-8. */
async function readText({ body }: Response): Promise<string | null> {
  const answer = await readAtMost(body, MAX_ANSWER_BYTES);
  return answer && fromUtf8(answer);
}
