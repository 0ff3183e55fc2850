/** By how much a counter that somebody else keeps grew since the last look. */
export class Growth {
  #last: number | null = null;

  /** The first look only remembers. A counter that fell began again from nothing. */
  since(count: number): number {
    const last = this.#last;
    this.#last = count;
    if (last === null) return 0;
    return count < last ? count : count - last;
  }
}
