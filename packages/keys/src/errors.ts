import { CodedError } from "@rempart/kernel";

export type KeysErrorCode =
  /** The text cannot be an envelope: another format, another version, or out of bounds. */
  | "envelope-malformed"
  /** Not what was sealed for this place: changed, cut, moved to another table, column or row, or of another key. */
  | "envelope-refused"
  /** More than an envelope or a stream may hold. */
  | "too-large"
  /** The provider gave no answer. Sealing and opening go on with the local key. */
  | "provider-unavailable"
  /** The provider asks to be called less. Treated as no answer. */
  | "provider-throttled"
  /** The provider says that we may not. Never bridged by another key. */
  | "provider-denied"
  /** The provider answered that the request or the wrapped key is wrong. */
  | "provider-refused"
  /** The provider's answer makes no sense. Never bridged: something else may have answered. */
  | "provider-garbled"
  /** No provider could give the key. */
  | "key-unavailable"
  /** The key file can be read by others, belongs to another account, or is not a plain file. */
  | "key-file-unsafe"
  /** The key file is not what was written. */
  | "key-file-damaged"
  /** Another process is changing the key file; or one ended while it did, and left its lock. */
  | "key-file-busy"
  /** The key file has no such version, or it is the one in use. */
  | "key-version-refused"
  /** The store has no such secret, or the name cannot be one. */
  | "secret-missing"
  /** The store refuses to show the secret. A value known from before is not used any more. */
  | "secret-denied"
  /** The store gave no answer, and no known value is young enough to bridge it. */
  | "secret-unavailable"
  /** The secret is not the text or the document that was asked for. */
  | "secret-malformed"
  /** The value is not what the field holds, or an envelope of the field holds something else. */
  | "invalid-field"
  /** The state of the key does not allow this step now; the message says what does. */
  | "rotation-refused"
  /** A rotation is under way in another process. */
  | "rotation-busy"
  /** A step of a rotation failed; running it again takes up where it stopped. */
  | "rotation-failed";

export class KeysError extends CodedError<KeysErrorCode> {}
