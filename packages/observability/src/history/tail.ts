/** Samples in order of time, by place. A view of what may move: use it before the next sample comes. */
export interface Samples {
  readonly times: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

const FIRST_CAPACITY = 64;

/** The newest samples of a series as they are, so that what is asked again and again need not be decompressed each time. */
export class Tail {
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #start = 0;
  #end = 0;
  readonly #spanMs: number;

  /** Every sample at this time and later is here. */
  from: number;

  /** Keeps at least `spanMs` before the newest sample. */
  constructor(from: number, spanMs: number) {
    this.from = from;
    this.#spanMs = spanMs;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  push(at: number, value: number): void {
    if (this.#end === this.#times.length) this.#makeRoom(at - this.#spanMs);
    this.#times[this.#end] = at;
    this.#values[this.#end] = value;
    this.#end += 1;
  }

  /** Both ends included. */
  between(from: number, to: number): Samples {
    const start = this.#countWhile((at) => at < from);
    const end = this.#countWhile((at) => at <= to);
    return { times: this.#times.subarray(start, end), values: this.#values.subarray(start, end) };
  }

  /** The place of the first sample for which it does not hold any more. */
  #countWhile(holds: (at: number) => boolean): number {
    let low = this.#start;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#times[middle] as number)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #makeRoom(oldest: number): void {
    if (oldest > this.from) {
      this.#start = this.#countWhile((at) => at < oldest);
      this.from = oldest;
    }
    const length = this.#end - this.#start;
    const capacity = length > this.#times.length / 2 ? this.#times.length * 2 : this.#times.length;
    this.#times = moved(this.#times.subarray(this.#start, this.#end), capacity);
    this.#values = moved(this.#values.subarray(this.#start, this.#end), capacity);
    this.#start = 0;
    this.#end = length;
  }
}

function moved(live: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(capacity);
  grown.set(live);
  return grown;
}
