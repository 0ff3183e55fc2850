import type { Lsn } from "./lsn.ts";

/** One segment of the log: which timeline wrote it, and its number from the beginning of the log. */
export interface Segment {
  readonly timeline: number;
  readonly number: bigint;
}

/** What the archiver of PostgreSQL hands over (PostgreSQL source: `xlog_internal.h`). */
export type WalFileKind = "segment" | "partial" | "history" | "backup";

const KINDS: readonly (readonly [RegExp, WalFileKind])[] = [
  [/^[0-9A-F]{24}$/, "segment"],
  [/^[0-9A-F]{24}\.partial$/, "partial"],
  [/^[0-9A-F]{8}\.history$/, "history"],
  [/^[0-9A-F]{24}\.[0-9A-F]{8}\.backup$/, "backup"],
];

/** Null for any other text: a name that arrives is made into a path only when this knows it. */
export function walFileKind(name: string): WalFileKind | null {
  return KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

const LOG_BYTES = 2n ** 32n;

/** A segment's name tells its number only together with the size of segments, a power of two of at least 1 MiB. */
export function parseSegment(name: string, segmentBytes: number): Segment | null {
  if (walFileKind(name) !== "segment") return null;
  const part = (at: number): bigint => BigInt(`0x${name.slice(at, at + 8)}`);
  const perLog = LOG_BYTES / BigInt(segmentBytes);
  if (part(16) >= perLog) return null;
  return { timeline: Number(part(0)), number: part(8) * perLog + part(16) };
}

export function segmentName({ timeline, number }: Segment, segmentBytes: number): string {
  const perLog = LOG_BYTES / BigInt(segmentBytes);
  return [BigInt(timeline), number / perLog, number % perLog].map(hex8).join("");
}

export function historyName(timeline: number): string {
  return `${hex8(BigInt(timeline))}.history`;
}

export function segmentNumberOf(lsn: Lsn, segmentBytes: number): bigint {
  return lsn / BigInt(segmentBytes);
}

function hex8(value: bigint): string {
  return value.toString(16).toUpperCase().padStart(8, "0");
}
