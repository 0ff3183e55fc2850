/** The place a value belongs to. It is authenticated: a value moved to another place does not open there. */
export interface Where {
  readonly table: string;
  readonly column: string;
  /** The row's primary key, as text. */
  readonly row: string;
}

/** Seals small values as text. What the rest of the system needs to know of encryption. */
export interface Envelopes {
  /** Text that begins with `kms:` or `local:`. Two calls never give the same text. Up to 1 MiB. */
  seal(plaintext: Uint8Array, where: Where): Promise<string>;
  /**
   * Rejects with `envelope-malformed` or `envelope-refused` for what was not sealed here for this place; with
   * `key-unavailable` or a provider's refusal when the key cannot be had.
   */
  open(envelope: string, where: Where): Promise<Uint8Array>;
}

/** Seals files of up to 1 TiB in constant memory. Node's streams are such sources, and `pipeline` takes what comes back. */
export interface SealedStreams {
  sealStream(source: AsyncIterable<Uint8Array>, where: Where): AsyncIterable<Uint8Array>;
  /**
   * Gives only what was verified, chunk by chunk; throws as `open` does. A stream cut short gives its chunks and then throws
   * `envelope-refused`: what came before the error is true, and not all.
   */
  openStream(source: AsyncIterable<Uint8Array>, where: Where): AsyncIterable<Uint8Array>;
}

/** A data key as a provider keeps it: encrypted under a key that never leaves the provider. */
export interface WrappedKey {
  /** Which of the provider's keys, as the provider names it: up to 255 bytes of text. */
  readonly version: string;
  /** Up to 1,024 bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Keeps a key encryption key. Called about once per 10,000 values sealed, and once per data key that is not in the cache.
 *
 * Every failure is a `KeysError`, and its code decides what happens: `provider-unavailable` and `provider-throttled` count
 * against the circuit breaker and are bridged with the local key; `provider-denied`, `provider-refused` and
 * `provider-garbled` end the caller's operation. An error of any other kind is not bridged either.
 */
export interface KeyProvider {
  /** Written into every envelope: 1 to 32 of `a-z`, `0-9` and `-`. Never changes. */
  readonly name: string;
  /** `key` is 32 bytes, and the caller's: it is wiped after the call. */
  wrap(key: Uint8Array, signal: AbortSignal): Promise<WrappedKey>;
  /** 32 bytes that the caller owns and wipes. */
  unwrap(wrapped: WrappedKey, signal: AbortSignal): Promise<Uint8Array>;
}
