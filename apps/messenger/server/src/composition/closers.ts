export type Close = () => Promise<void>;

/** What was opened, in order. Closing goes in reverse, through every one; then the first failure is told. */
export class Closers {
  readonly #closes: Close[] = [];
  #closing: Promise<void> | undefined;

  add(close: Close): void {
    this.#closes.push(close);
  }

  /** Later calls return the first one's promise. */
  closeAll(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closes.toReversed()) await close().catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
