/**
 * Texts that were looked at and are shown as they are: a program says the same few words again and again. What is masked is never
 * among them. Bounded, and what is not said any more makes room, since most texts of a request are the peer's to choose.
 */
export class Harmless {
  readonly #half: number;
  #young = new Set<string>();
  #old = new Set<string>();

  /** At most `most` texts of at most `MAX_LENGTH` characters. */
  constructor(most: number) {
    this.#half = most / 2;
  }

  has(text: string): boolean {
    if (this.#young.has(text)) return true;
    if (!this.#old.has(text)) return false;
    this.add(text);
    return true;
  }

  add(text: string): void {
    if (text.length > MAX_LENGTH) return;
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(text);
  }
}

/** Shorter than ids, which never come again. */
const MAX_LENGTH = 31;
