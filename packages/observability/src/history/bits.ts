const FIRST_CAPACITY = 64;

/** Bits, most significant first, in a buffer that grows. */
export class BitWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #position = 0;

  /** The `count` (0 to 32) low bits of `value`. */
  write(value: number, count: number): void {
    let left = count;
    this.#reserve(count);
    while (left > 0) {
      const free = 8 - (this.#position & 7);
      const taken = Math.min(free, left);
      const part = (value >>> (left - taken)) & ((1 << taken) - 1);
      const index = this.#position >>> 3;
      this.#bytes[index] = (this.#bytes[index] as number) | (part << (free - taken));
      this.#position += taken;
      left -= taken;
    }
  }

  /** What is written so far, padded with zeros; shared with the writer. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, (this.#position + 7) >>> 3);
  }

  #reserve(count: number): void {
    if (this.#position + count <= this.#bytes.length * 8) return;
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next `count` (0 to 32) bits, as a number without sign. Beyond the end there are zeros. */
  read(count: number): number {
    let value = 0;
    let left = count;
    while (left > 0) {
      const free = 8 - (this.#position & 7);
      const taken = Math.min(free, left);
      const byte = this.#bytes[this.#position >>> 3] ?? 0;
      value = (value << taken) | ((byte >>> (free - taken)) & ((1 << taken) - 1));
      this.#position += taken;
      left -= taken;
    }
    return value >>> 0;
  }
}
