import { concat, fromUtf8 } from "@rempart/kernel";

/** Collects a body up to a length, beyond which it is given up. */
export class BodyRecorder {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** In bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get isOver(): boolean {
    return this.#length > this.#limit;
  }

  add(chunk: Uint8Array): void {
    this.#length += chunk.length;
    if (this.isOver) this.#chunks = [];
    else this.#chunks.push(chunk);
  }

  /** Null when it was too long, or is no text. */
  text(): string | null {
    return this.isOver ? null : fromUtf8(concat(...this.#chunks));
  }
}
