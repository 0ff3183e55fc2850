/**
 * Texts that were looked at and are shown as they are: a program says the same few words again and again. What is masked is never
 * among them. Bounded, and what is not said any more makes room, since most texts of a request are the peer's to choose.
 */
export class Harmless {
  readonly #half: number;
  readonly #maxLength: number;
  #young = new Set<string>();
  #old = new Set<string>();

  /** At most `most` texts of at most `maxLength` characters. */
  constructor(most: number, maxLength: number) {
    this.#half = most / 2;
    this.#maxLength = maxLength;
  }

  has(text: string): boolean {
    if (text.length > this.#maxLength) return false;
    if (this.#young.has(text)) return true;
    if (!this.#old.has(text)) return false;
    this.add(text);
    return true;
  }

  add(text: string): void {
    if (text.length > this.#maxLength) return;
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(text);
  }
}
