/** Bytes the library adds to a body before it pads: two vector lengths and an Ed25519 signature. */
const FRAMING_BYTES = 4 + 2 + 64;
const SMALLEST_BUCKET = 256;
const LARGE = 4096;

/**
 * The length a body is padded to, so that a ciphertext tells only the bucket: powers of two from 256 bytes to 4 KiB, then
 * whole 4 KiB. A short chat message always has the same length.
 */
export function paddedLength(bodyBytes: number): number {
  const length = bodyBytes + FRAMING_BYTES;
  if (length > LARGE) return Math.ceil(length / LARGE) * LARGE;
  let bucket = SMALLEST_BUCKET;
  while (bucket < length) bucket *= 2;
  return bucket;
}
