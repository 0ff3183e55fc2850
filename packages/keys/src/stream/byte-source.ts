/** Bytes asked for by the count, from a source that gives them in pieces of its own. Holds at most one piece. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** `count` bytes; fewer only at the end. The caller owns them. */
  async take(count: number): Promise<Buffer> {
    const taken = Buffer.alloc(count);
    let length = 0;
    while (length < count && !(await this.atEnd())) {
      const part = this.#piece.subarray(0, count - length);
      taken.set(part, length);
      length += part.length;
      this.#piece = this.#piece.subarray(part.length);
    }
    return taken.subarray(0, length);
  }

  async atEnd(): Promise<boolean> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done) return true;
      if (!(value instanceof Uint8Array)) throw new TypeError("a stream of bytes gave something else");
      this.#piece = value;
    }
    return false;
  }

  /** Tells the source that nobody listens any more. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}
