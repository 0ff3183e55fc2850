/**
 * What is kept of a history between two processes: a head, a description as JSON, the compressed chunks as they are, and a CRC-32.
 * Numbers are little-endian. Nothing in it is believed: sizes are bounded, and every chunk is read before it is taken.
 */
import { crc32 } from "node:zlib";
import { hasCode } from "@rempart/kernel";
import { ObservabilityError } from "../errors.ts";
import { readChunk } from "./chunk.ts";
import type { KeptSeries } from "./history.ts";
import { CHUNK_SAMPLES, type Chunk, type Labels } from "./series.ts";

export interface Snapshot {
  readonly id: string;
  /** Of the one that this one is the rest of; null: it is whole. */
  readonly follows: string | null;
  /** Of the newest tick in it, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** Since when there was a tick at least every five minutes. */
  readonly beganAt: number;
  readonly samples: readonly KeptSeries[];
  /** What was recorded, and from what. */
  readonly records: readonly string[];
  /** Those of which every step before `at` was looked at. */
  readonly subqueries: readonly string[];
  /** What they were at their steps; the name is the subquery. */
  readonly steps: readonly KeptSeries[];
}

/** Another layout of the file, or of its chunks, is another version. */
const VERSION = 1;
const MAGIC = "rempart history ";
const HEAD_BYTES = MAGIC.length + 8;
const CRC_BYTES = 4;
const MAX_DESCRIPTION_BYTES = 32 << 20;
/** More than a full history of noise takes. */
export const MAX_SNAPSHOT_BYTES = 512 << 20;

/** Name, labels, and of each chunk how many samples and bytes it has. */
type Described = readonly [name: string, labels: Labels, chunks: readonly (readonly [number, number])[]];

/** Throws ObservabilityError `history-unreadable` for what would be too large to be read again. */
export function encodeSnapshot({ samples, steps, ...about }: Snapshot): Uint8Array {
  const described = { ...about, samples: samples.map(describe), steps: steps.map(describe) };
  const description = Buffer.from(JSON.stringify(described));
  must(description.length <= MAX_DESCRIPTION_BYTES, "its description is too long");
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, "latin1");
  head.writeUInt32LE(VERSION, MAGIC.length);
  head.writeUInt32LE(description.length, MAGIC.length + 4);
  const chunks = [...samples, ...steps].flatMap((series) => series.chunks.map(({ bytes }) => bytes));
  const end = Buffer.alloc(CRC_BYTES);
  const whole = Buffer.concat([head, description, ...chunks, end]);
  must(whole.length <= MAX_SNAPSHOT_BYTES, "its size is out of bounds");
  whole.writeUInt32LE(crc32(whole.subarray(0, -CRC_BYTES)), whole.length - CRC_BYTES);
  return whole;
}

function describe({ name, labels, chunks }: KeptSeries): Described {
  return [name, labels, chunks.map(({ count, bytes }) => [count, bytes.length])];
}

/** Throws ObservabilityError `history-unreadable`. */
export function decodeSnapshot(file: Buffer): Snapshot {
  try {
    return decoded(file);
  } catch (cause) {
    if (hasCode(cause, "history-unreadable")) throw cause;
    throw new ObservabilityError("history-unreadable", "its description is nonsense", { cause });
  }
}

function decoded(file: Buffer): Snapshot {
  const description = described(file);
  const chunks = new ChunkReader(file.subarray(HEAD_BYTES + description.length, -CRC_BYTES));
  const { samples, steps, ...about } = JSON.parse(description.toString("utf8"));
  const { id, follows, at, beganAt, records, subqueries } = about;
  must(typeof id === "string" && (follows === null || typeof follows === "string"), "it has no name");
  must(Number.isFinite(at) && Number.isFinite(beganAt), "it has no time");
  must(Array.isArray(records) && Array.isArray(subqueries), "it does not say what it has");
  const told = {
    id,
    follows,
    at,
    beganAt,
    records,
    subqueries,
    samples: chunks.allOf(samples),
    steps: chunks.allOf(steps),
  };
  must(chunks.isAtEnd, "it is longer than it says");
  return told;
}

function described(file: Buffer): Buffer {
  must(
    file.length >= HEAD_BYTES + CRC_BYTES && file.length <= MAX_SNAPSHOT_BYTES,
    "its size is out of bounds",
  );
  must(file.toString("latin1", 0, MAGIC.length) === MAGIC, "it is something else");
  const version = file.readUInt32LE(MAGIC.length);
  must(version === VERSION, `it is of version ${version}, and this process reads ${VERSION}`);
  const crc = file.readUInt32LE(file.length - CRC_BYTES);
  must(crc === crc32(file.subarray(0, -CRC_BYTES)), "it is damaged or cut short");
  const length = file.readUInt32LE(MAGIC.length + 4);
  must(
    length <= Math.min(MAX_DESCRIPTION_BYTES, file.length - HEAD_BYTES - CRC_BYTES),
    "its description is too long",
  );
  return file.subarray(HEAD_BYTES, HEAD_BYTES + length);
}

/** Takes chunks off the file, one after the other. */
class ChunkReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  allOf(series: readonly Described[]): KeptSeries[] {
    return series.map(([name, labels, chunks]) => {
      const texts: unknown[] = [name, ...Object.values(labels)];
      must(
        texts.every((text) => typeof text === "string"),
        "a name or a label is no text",
      );
      const read = chunks.map(([count, length]) => this.#chunk(count, length));
      const ascend = read.every(
        ({ firstAt }, index) => firstAt > (read[index - 1]?.lastAt ?? Number.NEGATIVE_INFINITY),
      );
      must(ascend, "chunks do not ascend");
      return { name, labels, chunks: read };
    });
  }

  #chunk(count: number, length: number): Chunk {
    must(
      Number.isInteger(count) && count >= 1 && count <= CHUNK_SAMPLES,
      "a chunk's samples are out of bounds",
    );
    const end = this.#position + length;
    must(
      Number.isInteger(length) && length > 0 && end <= this.#bytes.length,
      "a chunk's size is out of bounds",
    );
    // A copy: what is kept for a day must not keep the whole file.
    const bytes = new Uint8Array(this.#bytes.subarray(this.#position, end));
    this.#position = end;
    return checked(bytes, count);
  }
}

function checked(bytes: Uint8Array, count: number): Chunk {
  let firstAt = Number.NEGATIVE_INFINITY;
  let lastAt = Number.NEGATIVE_INFINITY;
  readChunk(bytes, count, (at) => {
    must(Number.isFinite(at) && at > lastAt, "times in a chunk do not ascend");
    if (firstAt === Number.NEGATIVE_INFINITY) firstAt = at;
    lastAt = at;
    return true;
  });
  return { bytes, count, firstAt, lastAt };
}

function must(holds: boolean, reason: string): void {
  if (!holds) throw new ObservabilityError("history-unreadable", reason);
}
