import { CodedError } from "@rempart/kernel";

export type KeysErrorCode =
  /** The store has no such secret, or the name cannot be one. */
  | "secret-missing"
  /** The store refuses to show the secret. A value known from before is not used any more. */
  | "secret-denied"
  /** The store gave no answer, and no known value is young enough to bridge it. */
  | "secret-unavailable"
  /** The secret is not the text or the document that was asked for. */
  | "secret-malformed";

export class KeysError extends CodedError<KeysErrorCode> {}
