/** What the first page of a segment says of itself (PostgreSQL source: `xlog_internal.h`, `XLogLongPageHeaderData`). */
export interface SegmentHeader {
  readonly timeline: number;
  /** As PostgreSQL numbers clusters: 64 bits in decimal. */
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
}

const HEADER_BYTES = 40;
const LONG_HEADER = 0x0002;
/** What a segment that holds nothing begins with: the page's header. */
export const FIRST_HEADER_BYTES = BigInt(HEADER_BYTES);

/** In this machine's byte order: little-endian. Null for what is no segment of PostgreSQL 15 or newer. */
export function readSegmentHeader(segment: Buffer): SegmentHeader | null {
  if (segment.length < HEADER_BYTES) return null;
  // 0xD110 is PostgreSQL 15's; each major version since has counted up.
  const magic = segment.readUInt16LE(0);
  if (magic < 0xd110 || magic > 0xd1ff || (segment.readUInt16LE(2) & LONG_HEADER) === 0) return null;
  return {
    timeline: segment.readUInt32LE(4),
    systemIdentifier: segment.readBigUInt64LE(24).toString(),
    segmentBytes: segment.readUInt32LE(32),
  };
}
