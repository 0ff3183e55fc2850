import { ChunkWriter, readChunk, type SampleValue, STALE } from "./chunk.ts";
import { type Samples, Tail } from "./tail.ts";

export type Labels = Readonly<Record<string, string>>;

export interface SeriesName {
  readonly name: string;
  readonly labels: Labels;
}

export interface Sample {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly value: number;
}

/** Two hours at 15 seconds: larger ones are slow to read a few minutes of, smaller ones cost more objects than samples. */
export const CHUNK_SAMPLES = 480;

/** More than this is decompressed each time: it would cost more memory than it saves time. */
const MAX_TAIL_SAMPLES = 512;

export interface Chunk {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

const EMPTY: Chunk = { bytes: new Uint8Array(0), count: 0, firstAt: 0, lastAt: 0 };

/** One series over time: compressed chunks, the oldest dropped when they have outlived their time. */
export class Series {
  readonly name: string;
  readonly labels: Labels;
  #sealed: Chunk[] = [];
  #head = new ChunkWriter();
  #last: SampleValue = STALE;
  #tail: Tail | null = null;

  constructor(name: string, labels: Labels) {
    this.name = name;
    this.labels = labels;
  }

  /** Of the newest sample; minus infinity before the first. */
  get lastAt(): number {
    return this.#head.count > 0
      ? this.#head.lastAt
      : (this.#sealed.at(-1)?.lastAt ?? Number.NEGATIVE_INFINITY);
  }

  get isStale(): boolean {
    return this.#last === STALE;
  }

  /** False, and nothing changed, for a sample that is not later than the newest. */
  append(at: number, value: SampleValue, keepMs: number): boolean {
    if (!(at > this.lastAt)) return false;
    if (this.#head.count === CHUNK_SAMPLES) this.#seal(at - keepMs);
    this.#head.append(at, value);
    this.#last = value;
    if (value !== STALE) this.#tail?.push(at, value);
    return true;
  }

  /** What has samples at `from` or later, oldest first. The last one still grows: use it before the next sample comes. */
  chunksFrom(from: number): Chunk[] {
    return [...this.#sealed, this.#head].filter(({ count, lastAt }) => count > 0 && lastAt >= from);
  }

  /** Puts chunks into a series that is empty, as they came from `chunksFrom`. Of the last, what is later than `until` is left out. */
  restore(chunks: readonly Chunk[], until: number): void {
    this.#sealed = chunks.slice(0, -1);
    const { bytes, count } = chunks.at(-1) ?? EMPTY;
    readChunk(bytes, count, (at, value) => {
      if (at <= until) this.append(at, value, Number.POSITIVE_INFINITY);
      return at <= until;
    });
  }

  /** The newest sample in [from, to]; null when there is none, or when it says that the series ended. */
  latest(from: number, to: number): number | null {
    if (this.lastAt <= to) return this.lastAt < from || this.#last === STALE ? null : this.#last;
    let found: SampleValue = STALE;
    this.#visit(from, to, (_, value) => {
      found = value;
    });
    return found === STALE ? null : found;
  }

  /** The samples in [from, to], oldest first, both ends included, without marks of staleness. */
  between(from: number, to: number): Sample[] {
    const samples: Sample[] = [];
    this.#visit(from, to, (at, value) => {
      if (value !== STALE) samples.push({ at, value });
    });
    return samples;
  }

  /** The same as `between`, by place. Windows that are asked again and again, as rules do, are kept at hand. */
  window(from: number, to: number): Samples {
    if (this.#tail !== null && from >= this.#tail.from) return this.#tail.between(from, to);
    // Of long ago, only what was asked for: the way from there to now is far.
    const isLately = to >= this.#head.firstAt;
    const tail = new Tail(from, Math.max(0, this.lastAt - from));
    this.#visit(from, isLately ? Number.POSITIVE_INFINITY : to, (at, value) => {
      if (value !== STALE) tail.push(at, value);
    });
    if (isLately && tail.size <= MAX_TAIL_SAMPLES) this.#tail = tail;
    return tail.between(from, to);
  }

  #visit(from: number, to: number, visit: (at: number, value: SampleValue) => void): void {
    if (this.lastAt < from) return;
    for (const chunk of [...this.#sealed, this.#head]) {
      if (chunk.count === 0 || chunk.lastAt < from || chunk.firstAt > to) continue;
      readChunk(chunk.bytes, chunk.count, (at, value) => {
        if (at >= from && at <= to) visit(at, value);
        return at < to;
      });
    }
  }

  #seal(oldest: number): void {
    const { bytes, count, firstAt, lastAt } = this.#head;
    this.#sealed = this.#sealed.filter((chunk) => chunk.lastAt >= oldest);
    this.#sealed.push({ bytes: bytes.slice(), count, firstAt, lastAt });
    this.#head = new ChunkWriter();
  }
}
