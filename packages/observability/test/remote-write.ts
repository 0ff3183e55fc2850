/** Prometheus remote write 1.0: protobuf (prompb/types.proto) in a Snappy block of literals. Nothing else can write a mark of staleness. */
import type { Labels } from "../src/index.ts";

export interface WrittenSeries {
  readonly name: string;
  readonly labels: Labels;
  /** Null says that the series ended. */
  readonly samples: readonly { readonly at: number; readonly value: number | null }[];
}

export function encodeWrite(series: readonly WrittenSeries[]): Uint8Array<ArrayBuffer> {
  return snappy(Buffer.concat(series.map((one) => field(1, timeSeries(one)))));
}

function timeSeries({ name, labels, samples }: WrittenSeries): Buffer {
  const all = Object.entries({ __name__: name, ...labels }).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([
    ...all.map(([key, value]) =>
      field(1, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))])),
    ),
    ...samples.map(({ at, value }) => field(2, sample(at, value))),
  ]);
}

function sample(at: number, value: number | null): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = (1 << 3) | 1;
  if (value === null) bytes.writeBigUInt64LE(0x7ff0000000000002n, 1);
  else bytes.writeDoubleLE(value, 1);
  return Buffer.concat([bytes, Buffer.from([(2 << 3) | 0]), varint(at)]);
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const LITERAL = 1 << 16;

function snappy(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const parts = [varint(bytes.length)];
  for (let start = 0; start < bytes.length; start += LITERAL) {
    const part = bytes.subarray(start, start + LITERAL);
    const length = part.length - 1;
    parts.push(Buffer.from([61 << 2, length & 255, length >> 8]), part);
  }
  return new Uint8Array(Buffer.concat(parts));
}
