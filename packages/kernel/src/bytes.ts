/** Byte arrays and their text forms. Decoders are strict: anything but the canonical form is refused with `null`. */

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** Null when the bytes are not well-formed UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  return joined(parts, length);
}

function joined(parts: readonly Uint8Array[], length: number): Bytes {
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** The pieces of a stream, such as the body of a `Response` or a request. */
type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** All of a stream as one. Null once it is longer than `maxBytes`: no more of it is read, and it is told to end. */
export async function readAtMost(pieces: Pieces | null, maxBytes: number): Promise<Bytes | null> {
  const read: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces ?? []) {
    length += piece.length;
    if (length > maxBytes) return null;
    read.push(piece);
  }
  return joined(read, length);
}

/**
 * Equality whose time depends on the lengths only, not on the contents. Different lengths are unequal at once: the
 * length of a digest or a tag is not a secret.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 1) text += HEX[bytes[i] as number];
  return text;
}

/** Lower- or upper-case hexadecimal; null for an odd length or any other character. */
export function fromHex(text: string): Bytes | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i += 1) out[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return out;
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SEXTETS = (() => {
  const table = new Int8Array(128).fill(-1);
  for (let i = 0; i < BASE64URL.length; i += 1) table[BASE64URL.charCodeAt(i)] = i;
  return table;
})();

/** Base64url without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    text +=
      (BASE64URL[group >> 18] as string) +
      (BASE64URL[(group >> 12) & 63] as string) +
      (BASE64URL[(group >> 6) & 63] as string) +
      (BASE64URL[group & 63] as string);
  }
  const left = bytes.length - i;
  if (left === 1) {
    const group = (bytes[i] as number) << 4;
    text += (BASE64URL[group >> 6] as string) + (BASE64URL[group & 63] as string);
  } else if (left === 2) {
    const group = ((bytes[i] as number) << 10) | ((bytes[i + 1] as number) << 2);
    text +=
      (BASE64URL[group >> 12] as string) +
      (BASE64URL[(group >> 6) & 63] as string) +
      (BASE64URL[group & 63] as string);
  }
  return text;
}

/** Null for padding, characters outside the alphabet, an impossible length, or bits that a canonical encoder leaves at zero. */
export function fromBase64Url(text: string): Bytes | null {
  const left = text.length % 4;
  if (left === 1) return null;
  const out = new Uint8Array(Math.floor((text.length * 3) / 4));
  let buffer = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const sextet = code < 128 ? (SEXTETS[code] as number) : -1;
    if (sextet < 0) return null;
    buffer = ((buffer << 6) | sextet) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at] = (buffer >> bits) & 0xff;
      at += 1;
    }
  }
  const unused = buffer & ((1 << bits) - 1);
  return unused === 0 ? out : null;
}
