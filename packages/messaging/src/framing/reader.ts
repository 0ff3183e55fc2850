import { type Bytes, fromUtf8 } from "@rempart/kernel";

const EMPTY: Bytes = new Uint8Array(0);

/**
 * Reads TLS presentation language (RFC 8446, section 3, with the vectors of RFC 9420, section 2.1.2) from untrusted
 * bytes. It never throws: the first impossible read turns `ok` false for good and every later read answers zero or
 * empty, so a parser reads a whole structure straight down and looks at `ok` once. Loops must look at each turn.
 */
export class Reader {
  ok = true;
  private readonly bytes: Uint8Array;
  private readonly end: number;
  private at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** True when everything was read and nothing was impossible. */
  get done(): boolean {
    return this.ok && this.at === this.end;
  }

  /** True while a vector's reader has elements left. */
  get more(): boolean {
    return this.ok && this.at < this.end;
  }

  fail(): void {
    this.ok = false;
  }

  uint8(): number {
    return this.uint(1);
  }

  uint16(): number {
    return this.uint(2);
  }

  uint32(): number {
    return this.uint(4);
  }

  /** A uint64 that a JavaScript number holds exactly; a larger one fails. */
  uint64(): number {
    const value = this.uint(4) * 2 ** 32 + this.uint(4);
    if (value > Number.MAX_SAFE_INTEGER) this.fail();
    return this.ok ? value : 0;
  }

  /** A uint64 of which only the order matters, as in a lifetime: anything too large answers the largest exact number. */
  uint64Saturating(): number {
    const value = this.uint(4) * 2 ** 32 + this.uint(4);
    return Math.min(value, Number.MAX_SAFE_INTEGER);
  }

  /** The content of a variable-size vector, as a view of the input. */
  vector(): Uint8Array {
    const length = this.length();
    if (!this.ok || length > this.end - this.at) {
      this.fail();
      return EMPTY;
    }
    const start = this.at;
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }

  /** A reader over the elements of a variable-size vector. It fails on its own: see `adopt`. */
  elements(): Reader {
    const length = this.length();
    if (!this.ok || length > this.end - this.at) this.fail();
    const start = this.at;
    if (this.ok) this.at += length;
    const inner = new Reader(this.bytes, start, this.ok ? this.at : start);
    inner.ok = this.ok;
    return inner;
  }

  /** Fails when the reader of a part failed or left something unread. */
  adopt(part: Reader): void {
    if (!part.done) this.fail();
  }

  /** A vector of at most `max` bytes that holds well-formed UTF-8. */
  text(max: number): string {
    const bytes = this.vector();
    const text = bytes.length <= max ? fromUtf8(bytes) : null;
    if (text === null) this.fail();
    return text ?? "";
  }

  private uint(width: number): number {
    if (width > this.end - this.at) this.fail();
    if (!this.ok) return 0;
    let value = 0;
    for (let i = 0; i < width; i += 1) value = value * 256 + (this.bytes[this.at + i] as number);
    this.at += width;
    return value;
  }

  /** Variable-size vector length: a QUIC integer of at most 30 bits in its shortest form (RFC 9420, section 2.1.2). */
  private length(): number {
    const first = this.uint8();
    const prefix = first >> 6;
    if (prefix === 0) return first;
    if (prefix === 3) this.fail();
    const rest = prefix === 1 ? this.uint(1) : this.uint(3);
    const value = (first & 0x3f) * (prefix === 1 ? 2 ** 8 : 2 ** 24) + rest;
    if (value < (prefix === 1 ? 2 ** 6 : 2 ** 14)) this.fail();
    return value;
  }
}
