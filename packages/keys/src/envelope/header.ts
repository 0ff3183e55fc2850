/**
 * The header of an envelope: a data key, wrapped once for each provider that may unwrap it.
 *
 *     count (1) then, for each: name (1 + n) version (1 + n) wrapped key (2 + n)
 */
import { concat, fromUtf8, utf8 } from "@rempart/kernel";
import type { WrappedKey } from "../ports.ts";

export interface Wrap extends WrappedKey {
  readonly provider: string;
}

const MAX_WRAPS = 4;
const MAX_VERSION_BYTES = 255;
const MAX_WRAPPED_BYTES = 1_024;
export const MAX_HEADER_BYTES = 1 + MAX_WRAPS * (1 + 32 + 1 + MAX_VERSION_BYTES + 2 + MAX_WRAPPED_BYTES);

const PROVIDER_NAME = /^[a-z0-9-]{1,32}$/;

export function assertProviderName(name: string): void {
  if (!PROVIDER_NAME.test(name)) throw new TypeError(`"${name}" cannot be the name of a key provider`);
}

/** Throws `TypeError` for a wrap that a header cannot hold: a provider that breaks its contract. */
export function encodeHeader(wraps: readonly Wrap[]): Uint8Array {
  if (wraps.length < 1 || wraps.length > MAX_WRAPS) throw new TypeError("a header holds 1 to 4 wrapped keys");
  return concat(Uint8Array.of(wraps.length), ...wraps.flatMap(encodeWrap));
}

function encodeWrap({ provider, version, bytes }: Wrap): Uint8Array[] {
  assertProviderName(provider);
  const [name, text] = [utf8(provider), utf8(version)];
  if (text.length < 1 || text.length > MAX_VERSION_BYTES || !version.isWellFormed())
    throw new TypeError(`${provider}: a key version must be 1 to ${MAX_VERSION_BYTES} bytes of text`);
  if (bytes.length < 1 || bytes.length > MAX_WRAPPED_BYTES)
    throw new TypeError(`${provider}: a wrapped key must be 1 to ${MAX_WRAPPED_BYTES} bytes`);
  const size = Uint8Array.of(bytes.length >> 8, bytes.length & 0xff);
  return [Uint8Array.of(name.length), name, Uint8Array.of(text.length), text, size, bytes];
}

/** Null for anything that `encodeHeader` does not make: cut, followed by something, or with a provider named twice. */
export function decodeHeader(bytes: Uint8Array): Wrap[] | null {
  const reader = new Reader(bytes);
  const count = reader.number(1);
  if (count === null || count < 1 || count > MAX_WRAPS) return null;
  const wraps: Wrap[] = [];
  for (let i = 0; i < count; i += 1) {
    const wrap = readWrap(reader);
    if (wrap === null || wraps.some(({ provider }) => provider === wrap.provider)) return null;
    wraps.push(wrap);
  }
  return reader.atEnd ? wraps : null;
}

function readWrap(reader: Reader): Wrap | null {
  const provider = reader.text(1);
  const version = reader.text(1);
  const bytes = reader.sized(2);
  if (provider === null || version === null || bytes === null) return null;
  const fits = version.length > 0 && bytes.length > 0 && bytes.length <= MAX_WRAPPED_BYTES;
  return fits && PROVIDER_NAME.test(provider) ? { provider, version, bytes } : null;
}

/** Reads forward. After the first thing that is not there, everything is null. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Big-endian. */
  number(width: 1 | 2): number | null {
    return this.#take(width)?.reduce((value, byte) => value * 256 + byte, 0) ?? null;
  }

  /** Preceded by its length. */
  sized(width: 1 | 2): Uint8Array | null {
    const length = this.number(width);
    return length === null ? null : this.#take(length);
  }

  text(width: 1 | 2): string | null {
    const bytes = this.sized(width);
    return bytes === null ? null : fromUtf8(bytes);
  }

  #take(length: number): Uint8Array | null {
    if (this.#at + length > this.#bytes.length) return null;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
