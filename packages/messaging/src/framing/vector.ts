import { type Bytes, concat } from "@rempart/kernel";

/** A variable-size vector: its length as the shortest QUIC integer, then the bytes (RFC 9420, section 2.1.2). */
export function vector(bytes: Uint8Array): Bytes {
  return concat(vectorLength(bytes.length), bytes);
}

function vectorLength(length: number): Uint8Array {
  if (length < 2 ** 6) return Uint8Array.of(length);
  if (length < 2 ** 14) return Uint8Array.of(0x40 | (length >> 8), length & 0xff);
  if (length >= 2 ** 30) throw new TypeError("a vector has at most 2^30 - 1 bytes");
  return Uint8Array.of(0x80 | (length >> 24), (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
}
